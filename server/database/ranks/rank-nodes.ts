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
}

type LeafRow = readonly [start: string, keys: number, counted: number, number: number, blocks: number]
type BlockRow = readonly [start: string, keys: number, counted: number]

/** JSON: a root has few members, and is read once for many questions. */
export function encodeRoot({ seq, next, last, leaves }: RankRoot): Buffer {
  const rows = leaves.map(({ start, keys, counted, number, blocks }): LeafRow => [
    start,
    keys,
    counted,
    number,
    blocks,
  ])
  return Buffer.from(JSON.stringify({ seq, next, last, leaves: rows }))
}

export function decodeRoot(record: Uint8Array): RankRoot {
  const { leaves, ...root } = parse(record) as Omit<RankRoot, 'leaves'> & { leaves: LeafRow[] }
  return {
    ...root,
    leaves: leaves.map(([start, keys, counted, number, blocks]) => ({
      start,
      keys,
      counted,
      number,
      blocks,
    })),
  }
}

export function encodeLeaf(blocks: readonly RankCounts[]): Buffer {
  return Buffer.from(
    JSON.stringify(blocks.map(({ start, keys, counted }): BlockRow => [start, keys, counted])),
  )
}

export function decodeLeaf(record: Uint8Array): RankCounts[] {
  return (parse(record) as BlockRow[]).map(([start, keys, counted]) => ({ start, keys, counted }))
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
export function totalOf(ranges: readonly RankCounts[]): { keys: number; counted: number } {
  let keys = 0
  let counted = 0
  for (const range of ranges) {
    keys += range.keys
    counted += range.counted
  }
  return { keys, counted }
}

function parse(record: Uint8Array): unknown {
  return JSON.parse(Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString())
}
