import { compareKeys } from './row-key.ts'

/** The nodes of a level, in order: where each begins, and its record. */
export interface LevelNodes {
  readonly starts: readonly Uint8Array[]
  readonly records: readonly Uint8Array[]
}

/** Of a view with more rows, nodes of level 1 are read from the store. */
const MAX_ROWS = 100_000

/** The nodes of a view at one sequence of its index, kept for the next query: some hundred bytes for 32 rows. */
export class NodeCache {
  readonly seq: number
  readonly #rows: number
  readonly #levels = new Map<number, Promise<LevelNodes>>()

  constructor(seq: number, rows: number) {
    this.seq = seq
    this.#rows = rows
  }

  /** All nodes of a level, read once; undefined where they are too many to be kept. */
  level(level: number, read: () => Promise<LevelNodes>): Promise<LevelNodes> | undefined {
    if (level === 1 && this.#rows > MAX_ROWS) return undefined
    const known = this.#levels.get(level)
    if (known !== undefined) return known
    const reading = read()
    this.#levels.set(level, reading)
    reading.catch(() => this.#levels.delete(level))
    return reading
  }
}

/** The nodes that begin in a range; undefined is the end. */
export function nodesBetween(
  { starts, records }: LevelNodes,
  from: Uint8Array,
  to: Uint8Array | undefined,
): LevelNodes {
  const first = placeOf(starts, from)
  const end = to === undefined ? starts.length : placeOf(starts, to)
  return { starts: starts.slice(first, end), records: records.slice(first, end) }
}

/** The place of the first that is not before the key. */
function placeOf(starts: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareKeys(starts[middle] as Uint8Array, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
