/** Limits of what is done at a time. */
export interface TurnLimits {
  /** Pieces of work, at least one. */
  readonly running: number
  /** Those of one owner, at least one. Default: as many as of all together. */
  readonly runningPerOwner?: number
}

/** Something that waits. Its signal is asked for where there is a wait, as making one for each request costs much. */
export interface Waiter {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (reason: Error) => void
}

const NOBODY = ''

/**
 * Lets so much run at a time. The rest waits: owners take turns, and what one owner has waits in the order in which it came.
 * How much may wait is for the caller to decide.
 */
export class Turns {
  readonly #limits: () => TurnLimits
  /** Owners that wait, the one first that is next. */
  readonly #owners = new Map<string, Waiting[]>()
  readonly #runningOf = new Map<string, number>()
  #running = 0
  #waiting = 0

  /** @param limits read each time, so that they may change */
  constructor(limits: () => TurnLimits) {
    this.#limits = limits
  }

  /** Number of pieces of work that run. */
  get running(): number {
    return this.#running
  }

  /** Number of pieces of work that wait. */
  get waiting(): number {
    return this.#waiting
  }

  waitingOf(owner: string): number {
    return this.#owners.get(owner)?.length ?? 0
  }

  /** Returns true if work of an owner would begin at once. */
  isFree(owner = NOBODY): boolean {
    return this.#running < Math.max(1, this.#limits().running) && this.#mayRun(owner)
  }

  /**
   * Runs a piece of work when it is its turn.
   *
   * @param waiter its signal takes the work out of the queue; what has begun goes on
   * @throws the signal's reason, what {@link refuseNewest} is given, and what the work throws
   */
  async run<Result>(work: () => Promise<Result>, waiter?: Waiter, owner = NOBODY): Promise<Result> {
    const wait = this.begin(waiter, owner)
    if (wait !== undefined) await wait
    try {
      return await work()
    } finally {
      this.end(owner)
    }
  }

  /**
   * Takes a turn, which {@link end} gives back, for work that is no single function; see {@link run}.
   *
   * @returns undefined where the turn has begun
   */
  begin(waiter?: Waiter, owner = NOBODY): Promise<void> | undefined {
    if (!this.isFree(owner)) return this.#wait(owner, waiter?.signal)
    this.#count(owner, 1)
    return undefined
  }

  end(owner = NOBODY): void {
    this.#count(owner, -1)
    while (this.#beginNext());
  }

  /** The owner with the most waiting, and how many those are. */
  get longest(): { readonly owner: string; readonly waiting: number } {
    let longest = { owner: NOBODY, waiting: 0 }
    for (const [owner, { length }] of this.#owners)
      if (length > longest.waiting) longest = { owner, waiting: length }
    return longest
  }

  /** Takes the newest place of an owner away. */
  refuseNewest(owner: string, reason: Error): void {
    const newest = this.#owners.get(owner)?.at(-1)
    if (newest === undefined) return
    this.#remove(owner, newest)
    newest.refuse(reason)
  }

  #mayRun(owner: string): boolean {
    const { runningPerOwner } = this.#limits()
    return runningPerOwner === undefined || (this.#runningOf.get(owner) ?? 0) < Math.max(1, runningPerOwner)
  }

  #count(owner: string, by: number): void {
    const count = (this.#runningOf.get(owner) ?? 0) + by
    if (count === 0) this.#runningOf.delete(owner)
    else this.#runningOf.set(owner, count)
    this.#running += by
  }

  async #wait(owner: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    let leave = (): void => undefined
    try {
      await new Promise<void>((begin, refuse) => {
        const entry = { begin, refuse }
        this.#add(owner, entry)
        leave = () => {
          if (this.#remove(owner, entry)) refuse(signal?.reason as Error)
        }
        signal?.addEventListener('abort', leave, { once: true })
      })
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  #add(owner: string, entry: Waiting): void {
    const entries = this.#owners.get(owner)
    if (entries === undefined) this.#owners.set(owner, [entry])
    else entries.push(entry)
    this.#waiting++
  }

  #remove(owner: string, entry: Waiting): boolean {
    const entries = this.#owners.get(owner)
    const index = entries?.indexOf(entry) ?? -1
    if (entries === undefined || index < 0) return false
    entries.splice(index, 1)
    if (entries.length === 0) this.#owners.delete(owner)
    this.#waiting--
    return true
  }

  /** Begins the work of the owner that was not served for longest, of those that may. @returns false where nobody may */
  #beginNext(): boolean {
    for (const [owner, entries] of this.#owners) {
      const [entry] = entries
      if (entry === undefined || !this.isFree(owner)) continue
      this.#remove(owner, entry)
      this.#owners.delete(owner)
      // Behind all others.
      if (entries.length > 0) this.#owners.set(owner, entries)
      this.#count(owner, 1)
      entry.begin()
      return true
    }
    return false
  }
}
