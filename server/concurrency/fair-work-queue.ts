import { fail } from '../../protocol/errors.ts'
import { Turns, type Waiter } from '../../protocol/turns.ts'
import type { WorkLimits } from './work-queue.ts'

export interface FairWorkLimits extends WorkLimits {
  /** Those of one owner that may wait. Default: as many as of all together. */
  readonly waitingPerOwner?: number
  /** Those of one owner that are done at a time, at least one. Default: as many as of all together. */
  readonly runningPerOwner?: number
}

/**
 * A bounded queue in front of costly work that is done for many owners: they take turns, and where no more may wait, the
 * owner with the most waiting loses its newest place to one who has fewer. So nobody fills the queue for others.
 */
export class FairWorkQueue {
  readonly #limits: () => FairWorkLimits
  readonly #turns: Turns

  /** @param limits read each time, so that they may change */
  constructor(limits: () => FairWorkLimits) {
    this.#limits = limits
    this.#turns = new Turns(limits)
  }

  /** Number of pieces of work that are done now. */
  get running(): number {
    return this.#turns.running
  }

  /** Number of pieces of work that wait. */
  get waiting(): number {
    return this.#turns.waiting
  }

  /**
   * Runs a piece of work when it is its owner's turn.
   *
   * @param waiter its signal takes it out of the queue; what has begun goes on
   * @throws `busy`, also while it waits; the signal's reason, and what the work throws
   */
  async run<Result>(owner: string, work: () => Promise<Result>, waiter: Waiter): Promise<Result> {
    if (!this.#turns.isFree(owner)) {
      waiter.signal.throwIfAborted()
      this.#makeRoomFor(owner)
    }
    return this.#turns.run(work, waiter, owner)
  }

  /** @throws `busy` if the owner has as many waiting as may, or the queue is full and nobody has more waiting */
  #makeRoomFor(owner: string): void {
    const { waiting, waitingPerOwner = waiting } = this.#limits()
    const own = this.#turns.waitingOf(owner)
    if (own >= waitingPerOwner) throw fail('busy')
    if (this.waiting < waiting) return
    const { longest } = this.#turns
    if (longest.waiting <= own + 1) throw fail('busy')
    this.#turns.refuseNewest(longest.owner, fail('busy'))
  }
}
