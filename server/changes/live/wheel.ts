/** Something that is due some time. */
export interface Timed {
  /** When it wants to be woken, by `Wheel#now`. It may be put off while it waits, at no cost. */
  dueAt: number
  onDue(): void
}

const TICK_MS = 50

/**
 * One timer for the heartbeats and timeouts of all feeds: a set of those that are due for each tick of the clock.
 * Whoever was put off since is moved to a later tick when its turn comes, so that sending a row costs nothing here.
 */
export class Wheel {
  readonly #slots = new Map<number, Set<Timed>>()
  readonly #slotOf = new Map<Timed, number>()
  #timer: NodeJS.Timeout | undefined
  #lastTick = 0

  /** Milliseconds of a clock that never goes back. */
  get now(): number {
    return performance.now()
  }

  get size(): number {
    return this.#slotOf.size
  }

  add(timed: Timed): void {
    if (this.#timer === undefined) {
      this.#lastTick = Math.floor(this.now / TICK_MS)
      this.#timer = setInterval(() => this.#turn(), TICK_MS)
    }
    this.#place(timed)
  }

  remove(timed: Timed): void {
    const slot = this.#slotOf.get(timed)
    if (slot === undefined) return
    this.#slotOf.delete(timed)
    const due = this.#slots.get(slot)
    due?.delete(timed)
    if (due?.size === 0) this.#slots.delete(slot)
    if (this.#slotOf.size === 0) this.#stop()
  }

  #place(timed: Timed): void {
    const slot = Math.max(Math.ceil(timed.dueAt / TICK_MS), this.#lastTick + 1)
    this.#slotOf.set(timed, slot)
    const due = this.#slots.get(slot)
    if (due === undefined) this.#slots.set(slot, new Set([timed]))
    else due.add(timed)
  }

  #turn(): void {
    const { now } = this
    const tick = Math.floor(now / TICK_MS)
    while (this.#lastTick < tick) {
      this.#lastTick += 1
      const due = this.#slots.get(this.#lastTick)
      this.#slots.delete(this.#lastTick)
      for (const timed of due ?? []) this.#wake(timed, now)
    }
  }

  #wake(timed: Timed, now: number): void {
    if (!this.#slotOf.has(timed)) return
    if (timed.dueAt <= now) timed.onDue()
    // It may have left, or asked for its next time.
    if (this.#slotOf.has(timed)) this.#place(timed)
    if (this.#slotOf.size === 0) this.#stop()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
