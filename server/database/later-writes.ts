/** As many writes may wait; who comes then waits for one of them. */
const MOST = 1000

/** Writes that were accepted and are not on disk yet (`batch=ok`). */
export class LaterWrites {
  readonly #waiting = new Set<Promise<void>>()

  /**
   * Begins a write; resolves when there is room for another.
   *
   * @param write must not fail
   */
  async add(write: () => Promise<void>): Promise<void> {
    const waiting = write().finally(() => this.#waiting.delete(waiting))
    this.#waiting.add(waiting)
    if (this.#waiting.size >= MOST) await Promise.race(this.#waiting)
  }

  /** Resolves when all that were accepted until now are on disk, or refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#waiting)
  }
}
