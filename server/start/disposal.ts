/** Closes one resource. Called at most once. */
export type Close = () => Promise<unknown> | void

/**
 * Resources in the order in which they were opened; `close` takes them apart in the reverse order. A start that fails
 * half-way closes what it had opened by then.
 */
export class Disposal {
  readonly #closers: Close[] = []
  #closing: Promise<void> | undefined

  /** Registers how a resource is closed, as soon as it is open. */
  add(close: Close): void {
    this.#closers.push(close)
  }

  /**
   * Closes everything, the latest first. Idempotent: later calls wait for the first one.
   *
   * @throws the first failure, after all other resources were closed
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#unwind())
  }

  async #unwind(): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
