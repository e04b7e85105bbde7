import type { LostKeys } from '../leveldb/table-file.ts'

/** Ends of a range that is read. */
interface Bounds {
  readonly gt?: Uint8Array
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
  readonly lte?: Uint8Array
}

/** Ranges of keys that lie in damaged blocks of tables: LevelDB may pass over their records, or find older ones, without an error. */
export class LostRanges {
  readonly #ranges: LostKeys[] = []
  /** Called with ranges that are added. */
  onAdded: ((ranges: readonly LostKeys[]) => void) | undefined

  get all(): readonly LostKeys[] {
    return this.#ranges
  }

  add(ranges: readonly LostKeys[]): void {
    this.#ranges.push(...ranges)
    this.onAdded?.(ranges)
  }

  /** Returns whether what is read of a key may be wrong. */
  has(key: Uint8Array): boolean {
    return this.#ranges.some(
      ({ above, from, upTo }) =>
        !isLess(upTo, key) &&
        (above === undefined || isLess(above, key)) &&
        (from === undefined || !isLess(key, from)),
    )
  }

  /** Returns whether records of a range may be missing. */
  meet({ gt, gte = gt, lt, lte = lt }: Bounds): boolean {
    return this.#ranges.some(
      ({ above, from, upTo }) =>
        (gte === undefined || !isLess(upTo, gte)) &&
        (lte === undefined || above === undefined || isLess(above, lte)) &&
        (lte === undefined || from === undefined || !isLess(lte, from)),
    )
  }
}

function isLess(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) < 0
}
