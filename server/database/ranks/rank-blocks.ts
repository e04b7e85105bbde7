/** Keys in a block when blocks are made. */
export const BLOCK_KEYS = 512

/**
 * Numbers of counted keys in the blocks that a range of keys is cut into. A block begins at its first key and ends
 * where the next begins; the first begins with the range.
 */
export class RankBlocks {
  readonly #starts: Uint8Array[]
  readonly #counts: number[]

  constructor(starts: readonly Uint8Array[], counts: readonly number[]) {
    this.#starts = [...starts]
    this.#counts = [...counts]
  }

  get starts(): readonly Uint8Array[] {
    return this.#starts
  }

  get counts(): readonly number[] {
    return this.#counts
  }

  /** The block that holds a key, or would. */
  find(key: Uint8Array): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (Buffer.compare(this.#starts[middle]!, key) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Keys before a block. */
  before(block: number): number {
    let sum = 0
    for (let at = 0; at < block; at++) sum += this.#counts[at]!
    return sum
  }

  /**
   * Counts a key in or out. Keys that only grow fill the last block and begin others behind it.
   *
   * @param isLast whether it is behind all other keys
   */
  add(key: Uint8Array, difference: number, isLast: boolean): void {
    const last = this.#counts.length - 1
    if (isLast && difference > 0 && this.#counts[last]! >= BLOCK_KEYS) {
      this.#starts.push(key)
      this.#counts.push(difference)
      return
    }
    const block = this.find(key)
    this.#counts[block]! += difference
  }

  /** Puts smaller blocks in the place of one. */
  replace(block: number, parts: RankBlocks): void {
    this.#starts.splice(block, 1, ...parts.starts)
    this.#counts.splice(block, 1, ...parts.counts)
  }
}
