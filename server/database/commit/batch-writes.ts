/** Maximum pending `batch=ok` writes; further ones wait. */
const MAX_PENDING_WRITES = 1000

/** Writes that were accepted and are not on disk yet (`batch=ok`). */
export class BatchWrites {
  readonly #waiting = new Set<Promise<void>>()

  /**
   * Begins a write; resolves when there is room for another.
   *
   * @param write must not fail
   */
  async add(write: () => Promise<void>): Promise<void> {
    const waiting = write().finally(() => this.#waiting.delete(waiting))
    this.#waiting.add(waiting)
    if (this.#waiting.size >= MAX_PENDING_WRITES) await Promise.race(this.#waiting)
  }

  /** Resolves when all that were accepted until now are on disk, or refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#waiting)
  }
}
