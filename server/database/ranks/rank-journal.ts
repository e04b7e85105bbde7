import { addDigests, decodeDigests, type Digest, encodeDigests } from '../../../protocol/document-digest.ts'
import { type DatabaseKeys, KeySpace, numberOfKey } from '../../storage/keys.ts'
import { isDeleted } from '../documents/change-record.ts'
import { idOfRow } from '../reading/row-text.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import type { CommitDigests } from './commit-digests.ts'
import { journalRange, seqOfJournalKey } from './rank-keys.ts'
import type { RankedCommit, RankedDocument, RemovedDocument } from './ranked-space.ts'

/** The part of a commit that the store does not tell afterwards: what was in the place of what it wrote. */
interface JournalRecord {
  /** The update sequence before the commit. */
  readonly from: number
  /**
   * For each change: its sequence, the document's sequence before it, and whether the document was live then. Changes that
   * are not listed made new documents.
   */
  readonly changes: readonly (readonly [seq: number, previousSeq: number, wasLive: 0 | 1])[]
  readonly removals: readonly (readonly [id: string, previousSeq: number, wasLive: 0 | 1])[]
  /** Differences of digests, of changes and then of removals; missing where they are not known. */
  readonly digests?: string | undefined
}

/** A document before a commit, and what the commit changed in its digest. */
interface PreviousState {
  readonly previousSeq: number
  readonly wasLive: boolean
  readonly digest: Digest | undefined
}

/** Of a change that no record lists. */
const NEW: PreviousState = { previousSeq: 0, wasLive: false, digest: undefined }

/**
 * Encodes what ranks need to know of a commit that is not counted on disk yet. It is written with the commit, on this node
 * alone.
 *
 * @param from the update sequence before the commit
 * @param digests undefined where the database keeps none: the record of a load of new documents is then a few bytes
 */
export function encodeJournal(
  from: number,
  { changes, removals }: Pick<RankedCommit, 'changes' | 'removals'>,
  digests: CommitDigests | undefined,
): Buffer {
  const listed = digests === undefined ? changes.filter(({ previousSeq }) => previousSeq > 0) : changes
  const changed = listed.map(({ seq, previousSeq, wasLive }) => `[${seq},${previousSeq},${Number(wasLive)}]`)
  const removed = removals.map(
    ({ id, previousSeq, wasLive }) => `[${JSON.stringify(id)},${previousSeq},${Number(wasLive)}]`,
  )
  const encoded = digests && encodedDigests(listed, removals, digests)
  const member = encoded === undefined ? '' : `,"digests":"${encoded}"`
  return Buffer.from(
    `{"from":${from},"changes":[${changed.join(',')}],"removals":[${removed.join(',')}]${member}}`,
  )
}

function encodedDigests(
  changes: readonly RankedDocument[],
  removals: readonly RemovedDocument[],
  digests: CommitDigests,
): string | undefined {
  const all = [
    ...changes.map(({ seq }) => digests.changes.get(seq)),
    ...removals.map(({ id }) => digests.removals.get(id)),
  ]
  const known = all.filter(digest => digest !== undefined)
  return known.length === all.length ? encodeDigests(known) : undefined
}

/** A journal that was read. */
export interface Journal {
  /** Its commits as one. */
  readonly commit: RankedCommit
  /** The sequences under which its records lie. */
  readonly records: readonly number[]
}

/**
 * Reads what was committed behind a sequence: for each document the first state and the last, whatever was between.
 *
 * @returns undefined where the journal does not tell of every commit
 */
export async function readJournal(
  snapshot: DatabaseSnapshot,
  keys: DatabaseKeys,
  since: number,
): Promise<Journal | undefined> {
  const { seq } = snapshot.state
  const befores = new Map<number, PreviousState>()
  const removed: RemovedDocument[] = []
  const records: number[] = []
  let reached = since
  const entries = snapshot.iterator(journalRange(keys, since))
  for (const [key, bytes] of await entries.all()) {
    const { from, changes, removals, digests } = JSON.parse(Buffer.from(bytes).toString()) as JournalRecord
    if (from !== reached) return undefined
    reached = seqOfJournalKey(key)
    records.push(reached)
    const known = digests === undefined ? [] : decodeDigests(digests)
    for (const [index, [at, previousSeq, wasLive]] of changes.entries())
      befores.set(at, { previousSeq, wasLive: wasLive === 1, digest: known[index] })
    for (const [index, [id, previousSeq, wasLive]] of removals.entries()) {
      const digest = known[changes.length + index]
      removed.push({ id: id as RemovedDocument['id'], previousSeq, wasLive: wasLive === 1, digest })
    }
  }
  if (reached !== seq) return undefined
  /** The state at `since` of a document that was changed later, and all that was changed in its digest. */
  const first = ({ previousSeq, wasLive, digest }: PreviousState): PreviousState => {
    let state: PreviousState = { previousSeq, wasLive, digest }
    while (state.previousSeq > since) {
      const earlier = befores.get(state.previousSeq) ?? NEW
      state = { ...earlier, digest: addDigests(state.digest, earlier.digest) }
    }
    return state
  }
  const changes: RankedDocument[] = []
  const rows = snapshot.iterator({
    gt: keys.number(KeySpace.change, since),
    lt: keys.range(KeySpace.change).lt,
  })
  for await (const [key, row] of rows) {
    const at = numberOfKey(key)
    changes.push({ seq: at, id: idOfRow(row), isLive: !isDeleted(row), ...first(befores.get(at) ?? NEW) })
  }
  const removals = removed.map(removal => ({ ...removal, ...first({ digest: undefined, ...removal }) }))
  return { commit: { seq, changes, removals }, records }
}
