import { bufferOf } from '../../../protocol/bytes.ts'
import {
  addDigests,
  type Digest,
  formatDigest,
  NO_DOCUMENTS,
  parseDigest,
} from '../../../protocol/document-digest.ts'

/** Keys in a block when blocks are made. */
export const BLOCK_KEYS = 512

/** Keys of a block that is cut: the more they are, the fewer are read again for each that came. */
export const MANY_KEYS = 4 * BLOCK_KEYS

/**
 * Counts of the keys of a space in a tree of three levels, as it is stored: a root lists leaves, a leaf lists blocks, and a
 * block is a range of some hundred keys, which are counted by reading them. Starts are texts that sort as keys do.
 */
export interface RankCounts {
  /** Start of the range, which ends where the next one starts. The first of all starts with an empty text. */
  readonly start: string
  /** All keys of the range. */
  readonly keys: number
  /** Those that count. */
  readonly counted: number
  /** Of the documents of the range; undefined where nobody has read them all, and for other keys. */
  readonly digest: Digest | undefined
}

/** A leaf as its root lists it. */
export interface LeafEntry extends RankCounts {
  readonly number: number
  /** Blocks in it. */
  readonly blocks: number
}

export interface RankRoot {
  /** The update sequence whose commits are counted. */
  readonly seq: number
  /** The number of the next leaf. */
  readonly next: number
  /** The greatest key that was ever counted. */
  readonly last: string
  readonly leaves: readonly LeafEntry[]
  /** Of all documents: it stays known when leaves are cut. */
  readonly digest: Digest | undefined
  /** True from the first comparison of the database on: before it no range has a digest, and no commit tells of any. */
  readonly keepsDigests: boolean
}

/** Digests came later than the rest: without one a row is as it was before. */
type LeafRow = readonly [
  start: string,
  keys: number,
  counted: number,
  number: number,
  blocks: number,
  digest?: string,
]
interface StoredRoot extends Pick<RankRoot, 'seq' | 'next' | 'last'> {
  readonly leaves: readonly LeafRow[]
  readonly digest?: string
  readonly keepsDigests?: true
}
type BlockRow = readonly [start: string, keys: number, counted: number, digest?: string]

/** JSON: a root has few members, and is read once for many questions. */
export function encodeRoot({ seq, next, last, leaves, digest, keepsDigests }: RankRoot): Buffer {
  const rows = leaves.map(({ start, keys, counted, number, blocks, digest: ofLeaf }): LeafRow =>
    ofLeaf === undefined
      ? [start, keys, counted, number, blocks]
      : [start, keys, counted, number, blocks, formatDigest(ofLeaf)],
  )
  const all = digest && formatDigest(digest)
  return Buffer.from(
    JSON.stringify({ seq, next, last, leaves: rows, digest: all, keepsDigests: keepsDigests || undefined }),
  )
}

export function decodeRoot(record: Uint8Array): RankRoot {
  const { leaves: rows, digest: all, keepsDigests = false, ...root } = parse(record) as StoredRoot
  const leaves = rows.map(([start, keys, counted, number, blocks, digest]): LeafEntry => ({
    start,
    keys,
    counted,
    number,
    blocks,
    digest: digestOf(digest),
  }))
  const digest = digestOf(all)
  // Versions that kept digests of every database did not note it.
  const hasDigests = digest !== undefined || leaves.some(leaf => leaf.digest !== undefined)
  return { ...root, leaves, digest, keepsDigests: keepsDigests || hasDigests }
}

export function encodeLeaf(blocks: readonly RankCounts[]): Buffer {
  return Buffer.from(
    JSON.stringify(
      blocks.map(({ start, keys, counted, digest }): BlockRow =>
        digest === undefined ? [start, keys, counted] : [start, keys, counted, formatDigest(digest)],
      ),
    ),
  )
}

export function decodeLeaf(record: Uint8Array): RankCounts[] {
  return (parse(record) as BlockRow[]).map(([start, keys, counted, digest]) => ({
    start,
    keys,
    counted,
    digest: digestOf(digest),
  }))
}

function digestOf(text: string | undefined): Digest | undefined {
  return text === undefined ? undefined : parseDigest(text)
}

/** Returns the index of the last range that begins at a text or before it; 0 where none does. */
export function findRange(ranges: readonly { readonly start: string }[], text: string): number {
  let low = 0
  let high = ranges.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (ranges[middle]!.start <= text) low = middle
    else high = middle - 1
  }
  return low
}

/** Returns what counts in the first ranges. */
export function countedIn(ranges: readonly RankCounts[], end: number): number {
  let sum = 0
  for (let index = 0; index < end; index++) sum += ranges[index]!.counted
  return sum
}

/** Returns the sums of adjacent ranges. */
export function totalOf(ranges: readonly Omit<RankCounts, 'start'>[]): Omit<RankCounts, 'start'> {
  let keys = 0
  let counted = 0
  let digest: Digest | undefined = NO_DOCUMENTS
  for (const range of ranges) {
    keys += range.keys
    counted += range.counted
    digest = addDigests(digest, range.digest)
  }
  return { keys, counted, digest }
}

function parse(record: Uint8Array): unknown {
  return JSON.parse(bufferOf(record).toString())
}
