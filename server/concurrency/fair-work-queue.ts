import { fail } from '../../protocol/errors.ts'
import type { Waiter, WorkLimits } from './work-queue.ts'

export interface FairWorkLimits extends WorkLimits {
  /** Those of one owner that may wait. Default: as many as of all together. */
  readonly waitingPerOwner?: number
  /** Those of one owner that are done at a time, at least one. Default: as many as of all together. */
  readonly runningPerOwner?: number
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (reason: Error) => void
}

/**
 * A bounded queue in front of costly work that is done for many owners: they take turns, and where no more may wait, the
 * owner with the most waiting loses its newest place to one who has fewer. So nobody fills the queue for others.
 */
export class FairWorkQueue {
  readonly #limits: () => FairWorkLimits
  /** Owners that wait, the one first that is next. */
  readonly #owners = new Map<string, Waiting[]>()
  readonly #runningOf = new Map<string, number>()
  #running = 0
  #waiting = 0

  /** @param limits read each time, so that they may change */
  constructor(limits: () => FairWorkLimits) {
    this.#limits = limits
  }

  /** Number of pieces of work that are done now. */
  get running(): number {
    return this.#running
  }

  /** Number of pieces of work that wait. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Runs a piece of work when it is its owner's turn.
   *
   * @param waiter its signal takes it out of the queue; what has begun goes on
   * @throws `busy`, also while it waits; the signal's reason, and what the work throws
   */
  async run<Result>(owner: string, work: () => Promise<Result>, waiter: Waiter): Promise<Result> {
    if (this.#hasRoom && this.#mayRun(owner)) this.#count(owner, 1)
    else await this.#wait(owner, waiter.signal)
    try {
      return await work()
    } finally {
      this.#count(owner, -1)
      while (this.#hasRoom && this.#beginNext());
    }
  }

  /** However it is configured, something is done. */
  get #hasRoom(): boolean {
    return this.#running < Math.max(1, this.#limits().running)
  }

  #mayRun(owner: string): boolean {
    const { runningPerOwner = Infinity } = this.#limits()
    return (this.#runningOf.get(owner) ?? 0) < Math.max(1, runningPerOwner)
  }

  #count(owner: string, by: number): void {
    const count = (this.#runningOf.get(owner) ?? 0) + by
    if (count === 0) this.#runningOf.delete(owner)
    else this.#runningOf.set(owner, count)
    this.#running += by
  }

  async #wait(owner: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#makeRoomFor(owner)
    let leave: (() => void) | undefined
    try {
      await new Promise<void>((begin, refuse) => {
        const entry = { begin, refuse }
        this.#add(owner, entry)
        leave = () => {
          if (this.#remove(owner, entry)) refuse(signal.reason as Error)
        }
        signal.addEventListener('abort', leave, { once: true })
      })
    } finally {
      if (leave !== undefined) signal.removeEventListener('abort', leave)
    }
  }

  /** @throws `busy` if the owner has as many waiting as may, or the queue is full and nobody has more waiting */
  #makeRoomFor(owner: string): void {
    const { waiting, waitingPerOwner = waiting } = this.#limits()
    const own = this.#owners.get(owner)?.length ?? 0
    if (own >= waitingPerOwner) throw fail('busy')
    if (this.#waiting < waiting) return
    const longest = [...this.#owners].reduce((a, b) => (b[1].length > a[1].length ? b : a), [owner, []])
    const newest = longest[1].length > own + 1 ? longest[1].at(-1) : undefined
    if (newest === undefined) throw fail('busy')
    this.#remove(longest[0], newest)
    newest.refuse(fail('busy'))
  }

  #add(owner: string, entry: Waiting): void {
    const entries = this.#owners.get(owner)
    if (entries === undefined) this.#owners.set(owner, [entry])
    else entries.push(entry)
    this.#waiting++
  }

  #remove(owner: string, entry: Waiting): boolean {
    const entries = this.#owners.get(owner)
    const at = entries?.indexOf(entry) ?? -1
    if (entries === undefined || at < 0) return false
    entries.splice(at, 1)
    if (entries.length === 0) this.#owners.delete(owner)
    this.#waiting--
    return true
  }

  /** Begins the work of the owner that was not served for longest, of those that may. @returns false where nobody may */
  #beginNext(): boolean {
    const next = [...this.#owners].find(([owner]) => this.#mayRun(owner))
    if (next === undefined) return false
    const [owner, entries] = next
    const [entry] = entries
    if (entry === undefined) return false
    this.#remove(owner, entry)
    this.#owners.delete(owner)
    // Behind all others.
    if (entries.length > 0) this.#owners.set(owner, entries)
    this.#count(owner, 1)
    entry.begin()
    return true
  }
}
