/** Time that a run took, and the error that ended it; undefined after success. */
export interface RunResult {
  readonly durationMs: number
  readonly error: unknown
}

/** Work of which one run goes on at a time. Closing stops the run; `onEnd` hears of each that ended before. */
export class SingleRun {
  /** Called after each run. */
  onEnd: ((result: RunResult) => void) | undefined
  readonly #work: (stop: AbortSignal) => Promise<void>
  readonly #closing = new AbortController()
  readonly #closed: string
  #running: Promise<void> | undefined

  /**
   * @param work returns, with what it did so far, soon after its signal is aborted
   * @param closed message of the signal's reason after `close`
   */
  constructor(work: (stop: AbortSignal) => Promise<void>, closed: string) {
    this.#work = work
    this.#closed = closed
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /**
   * Runs the work, or waits for the run that goes on.
   *
   * @param signal stops the work, besides `close`
   * @param queue calls the work when it is its turn
   */
  run(signal?: AbortSignal, queue?: Queue): Promise<void> {
    if (this.#running !== undefined) return this.#running
    const stop = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])])
    const work = (): Promise<void> => this.#timed(stop)
    const run = queue === undefined ? work() : queue.run(work, { signal: stop })
    return (this.#running = run.finally(() => {
      this.#running = undefined
    }))
  }

  /** Stops the work and waits for its end. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new Error(this.#closed))
    await this.#running?.catch(() => undefined)
  }

  async #timed(stop: AbortSignal): Promise<void> {
    const began = performance.now()
    let error: unknown
    try {
      await this.#work(stop)
    } catch (cause) {
      error = cause
      throw cause
    } finally {
      if (!this.isClosed) this.onEnd?.({ durationMs: performance.now() - began, error })
    }
  }
}

interface Queue {
  run(work: () => Promise<void>, waiter: { readonly signal: AbortSignal }): Promise<void>
}
