import { fail } from '../../protocol/errors.ts'
import { Turns, type Waiter } from '../../protocol/turns.ts'

export interface WorkLimits {
  /** Pieces of work that are done at a time. */
  readonly running: number
  /** Those that may wait: what comes beyond is refused. */
  readonly waiting: number
}

/**
 * A bounded queue in front of work that takes the server's time or memory: some of it is done, in the order in which it
 * came, some waits, and more is refused with 503, so that a crowd does not slow down everybody without end.
 */
export class WorkQueue {
  readonly #limits: () => WorkLimits
  readonly #turns: Turns
  /** Requests that wait for what is done anyway, as for an index that is being built. */
  #watching = 0

  /** @param limits read each time, so that they may change */
  constructor(limits: () => WorkLimits) {
    this.#limits = limits
    this.#turns = new Turns(limits)
  }

  /** Number of pieces of work that are done now. */
  get running(): number {
    return this.#turns.running
  }

  /** Number of requests that wait. */
  get waiting(): number {
    return this.#turns.waiting + this.#watching
  }

  /** @throws `busy` when as much runs and waits as may */
  admit(): void {
    if (!this.#turns.isFree()) this.#admitWaiting()
  }

  /**
   * Runs a piece of work when it is its turn.
   *
   * @param waiter its signal takes it out of the queue; what has begun goes on
   * @throws `busy`, the signal's reason, and what the work throws
   */
  async run<Result>(work: () => Promise<Result>, waiter?: Waiter): Promise<Result> {
    this.admit()
    return this.#turns.run(work, waiter)
  }

  /**
   * Waits for what is done anyway: it takes a place among those that wait, and no turn. What is there at once is not
   * waited for.
   *
   * @throws `busy`, the signal's reason, and what is thrown there
   */
  async watch<Result extends object>(wait: () => Result | Promise<Result>, waiter: Waiter): Promise<Result> {
    this.#admitWaiting()
    const result = wait()
    if (!(result instanceof Promise)) return result
    this.#watching++
    try {
      return await Promise.race([result, aborted(waiter.signal)])
    } finally {
      this.#watching--
    }
  }

  /**
   * Makes each piece of an answer in a turn of its own, so that no turn is held while a client reads slowly. Only the
   * first piece may be refused.
   */
  async *inTurns<Piece>(
    pieces: AsyncGenerator<Piece>,
    waiter: Waiter,
  ): AsyncGenerator<Piece, void, undefined> {
    try {
      let next = await this.run(() => pieces.next(), waiter)
      while (next.done !== true) {
        yield next.value
        next = await this.#turns.run(() => pieces.next(), waiter)
      }
    } finally {
      await pieces.return(undefined)
    }
  }

  #admitWaiting(): void {
    if (this.waiting >= this.#limits().waiting) throw fail('busy')
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
}
