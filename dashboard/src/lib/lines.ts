/** Cuts a stream of text into lines; what has no end yet waits for the next piece. */
export class LineSplitter {
  #rest = ''

  /** The lines that are complete with this piece; empty ones (heartbeats) are left out. */
  push(piece: string): string[] {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.filter(line => line.trim() !== '')
  }
}

/** Keeps the last entries of something that never ends; older ones fall out. */
export class Ring<T> {
  readonly #capacity: number
  #entries: T[] = []
  #dropped = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get dropped(): number {
    return this.#dropped
  }

  get size(): number {
    return this.#entries.length
  }

  push(entries: readonly T[]): void {
    this.#entries.push(...entries)
    const excess = this.#entries.length - this.#capacity
    // Cut in blocks, as moving all entries for each new one would cost most of the time.
    if (excess > this.#capacity / 4) {
      this.#entries = this.#entries.slice(excess)
      this.#dropped += excess
    }
  }

  /** The newest entries first, at most so many. */
  newest(count: number): T[] {
    return this.#entries.slice(-count).reverse()
  }

  clear(): void {
    this.#entries = []
    this.#dropped = 0
  }
}
