import { bufferOf } from '../../../protocol/bytes.ts'
import type { Digest } from '../../../protocol/document-digest.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { type DatabaseKeys, KeySpace, PREFIX_LENGTH } from '../../storage/keys.ts'
import { isLiveRecord } from '../documents/document-record.ts'

/** A key that came, went, or began or stopped to count. */
export interface RankChange {
  readonly text: string
  readonly keys: number
  readonly counted: number
  /** Difference of the digest of the range; undefined where that is not known, and for keys that have none. */
  readonly digest: Digest | undefined
}

/** The part of a commit that ranks need. */
export interface RankedCommit {
  readonly seq: number
  readonly changes: readonly RankedDocument[]
  readonly removals: readonly RemovedDocument[]
}

/** A document that a commit removed: its sequence before, and whether it was live then. */
export interface RemovedDocument {
  readonly id: DocId
  readonly previousSeq: number
  readonly wasLive: boolean
  /** Difference of the digest of the database, where the commit told it. */
  readonly digest?: Digest | undefined
}

/** A document that a commit changed. Its sequence before is 0 where it is new. */
export interface RankedDocument extends RemovedDocument {
  readonly seq: number
  readonly isLive: boolean
}

/** The keys of a database whose ranks are asked. */
export interface RankedSpace {
  /** Tells the trees of a database apart. */
  readonly number: number
  readonly range: { readonly gte: Uint8Array; readonly lt: Uint8Array }
  /** True where keys count by what lies under them; otherwise all do. */
  readonly isSelective: boolean
  /** Returns whether the key of a record counts. */
  counts(record: Uint8Array): boolean
  /** Returns a text for a key, which sorts as the key does among those of the space. */
  textOf(key: Uint8Array): string
  keyOf(text: string): Uint8Array
  changesOf(commit: RankedCommit): RankChange[]
  /**
   * Returns what commits that follow one another change together, in the order of the texts, faster than one by one; several
   * keys at the end may be one change. Undefined where nothing is faster.
   */
  readonly changesOfAll?: (commits: readonly RankedCommit[]) => RankChange[]
}

/** Documents by their ids, of which those count that are not deleted. */
export function documentsSpace(keys: DatabaseKeys): RankedSpace {
  const range = keys.range(KeySpace.document)
  return {
    number: 0,
    range,
    isSelective: true,
    counts: isLiveRecord,
    textOf: key => textOfBytes(key, 'latin1'),
    keyOf: text => keys.bytes(KeySpace.document, Buffer.from(text, 'latin1')),
    changesOf({ changes, removals }) {
      const changed: RankChange[] = []
      for (const { id, previousSeq, wasLive, isLive, digest } of changes) {
        const counted = Number(isLive) - Number(wasLive)
        changed.push({ text: textOfId(id), keys: Number(previousSeq === 0), counted, digest })
      }
      for (const { id, previousSeq, wasLive, digest } of removals) {
        if (previousSeq > 0) changed.push({ text: textOfId(id), keys: -1, counted: -Number(wasLive), digest })
      }
      return changed
    },
  }
}

/** The latest changes of documents by their sequences, which all count. */
export function changesSpace(keys: DatabaseKeys): RankedSpace {
  const range = keys.range(KeySpace.change)
  return {
    number: 1,
    range,
    isSelective: false,
    counts: () => true,
    textOf: key => textOfBytes(key, 'hex'),
    keyOf: text => keys.bytes(KeySpace.change, Buffer.from(text, 'hex')),
    changesOf({ changes, removals }) {
      const changed: RankChange[] = []
      const add = (seq: number, difference: number): void => {
        if (seq > 0)
          changed.push({ text: textOfSeq(seq), keys: difference, counted: difference, digest: undefined })
      }
      for (const { seq, previousSeq } of changes) {
        add(seq, 1)
        add(previousSeq, -1)
      }
      for (const { previousSeq } of removals) add(previousSeq, -1)
      return changed
    },
    changesOfAll(commits) {
      const came: number[] = []
      const gone: number[] = []
      for (const { changes, removals } of commits) {
        for (const { seq, previousSeq } of changes) {
          came.push(seq)
          if (previousSeq > 0) gone.push(previousSeq)
        }
        for (const { previousSeq } of removals) if (previousSeq > 0) gone.push(previousSeq)
      }
      return runsOf(came, gone)
    },
  }
}

/** Sequences that follow one another count as one change: only the starts of blocks need a text. */
const SEQUENCES_OF_RUN = 64

/**
 * Returns the changes of sequences that came, in their order, and of others that went. One that did both is neither.
 * Those that went otherwise lie in front of all that came.
 */
function runsOf(came: readonly number[], gone: readonly number[]): RankChange[] {
  const first = came[0] ?? Infinity
  const passed = new Set(gone.filter(seq => seq >= first))
  const earlier = gone.filter(seq => seq < first).sort((a, b) => a - b)
  const changes = earlier.map((seq): RankChange => {
    return { text: textOfSeq(seq), keys: -1, counted: -1, digest: undefined }
  })
  const left = passed.size === 0 ? came : came.filter(seq => !passed.has(seq))
  const push = (seq: number, count: number): void =>
    void changes.push({ text: textOfSeq(seq), keys: count, counted: count, digest: undefined })
  // The greatest stands alone: it shows which keys come behind the tree's.
  const end = left.length - 1
  for (let from = 0; from < end; from += SEQUENCES_OF_RUN)
    push(left[from]!, Math.min(SEQUENCES_OF_RUN, end - from))
  if (end >= 0) push(left[end]!, 1)
  return changes
}

function textOfBytes(key: Uint8Array, encoding: 'latin1' | 'hex'): string {
  return bufferOf(key).toString(encoding, PREFIX_LENGTH)
}

/** Bytes of UTF-8 as characters: compared as texts they sort as the keys do. */
export function textOfId(id: string): string {
  return Buffer.byteLength(id) === id.length ? id : Buffer.from(id).toString('latin1')
}

function textOfSeq(seq: number): string {
  return seq.toString(16).padStart(12, '0')
}
