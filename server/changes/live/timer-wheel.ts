import { NumberHeap } from './number-heap.ts'

/** An entry of a `TimerWheel`. */
export interface TimerEntry {
  /** Due time by `TimerWheel#now`, in milliseconds. It may be moved later while the entry waits, at no cost. */
  dueAt: number
  onDue(): void
}

/** Entries that are due within the same tick share a timer. Heartbeats are to come within 5 ms of what was asked. */
const TICK_MS = 2

/**
 * One timer for the heartbeats and timeouts of all feeds: a set of entries for each tick at which one is due, and a heap
 * of these ticks, so that it sleeps until the next of them. An entry that was put off since is moved to a later tick when
 * its turn comes, so that sending a row costs nothing here.
 */
export class TimerWheel {
  readonly #slots = new Map<number, Set<TimerEntry>>()
  readonly #slotOf = new Map<TimerEntry, number>()
  /** The ticks of the slots; also some of slots that are gone. */
  #ticks = new NumberHeap()
  #timer: NodeJS.Timeout | undefined
  /** The tick for which the timer is set. */
  #next = Infinity
  #lastTick = -Infinity

  /** Milliseconds of a clock that never goes back. */
  get now(): number {
    return performance.now()
  }

  /** The next time of what is due at intervals: lateness does not add up, and what was missed is not made up for. */
  next(dueAt: number, intervalMs: number): number {
    return Math.max(dueAt, this.now - intervalMs) + intervalMs
  }

  get size(): number {
    return this.#slotOf.size
  }

  add(entry: TimerEntry): void {
    this.#place(entry)
    this.#schedule()
  }

  /** Idempotent. */
  remove(entry: TimerEntry): void {
    const tick = this.#slotOf.get(entry)
    if (tick === undefined) return
    this.#slotOf.delete(entry)
    const slot = this.#slots.get(tick)
    slot?.delete(entry)
    if (slot?.size === 0) this.#slots.delete(tick)
    if (this.#slotOf.size === 0) this.#stop()
    else if (this.#ticks.size > 2 * this.#slots.size + 64) this.#ticks = new NumberHeap(this.#slots.keys())
  }

  #place(entry: TimerEntry): void {
    const tick = Math.max(Math.ceil(entry.dueAt / TICK_MS), this.#lastTick + 1)
    this.#slotOf.set(entry, tick)
    const slot = this.#slots.get(tick)
    if (slot !== undefined) slot.add(entry)
    else {
      this.#slots.set(tick, new Set([entry]))
      this.#ticks.push(tick)
    }
  }

  /** Sets the timer for the first tick, where it is not set for that. */
  #schedule(): void {
    const first = this.#ticks.first ?? Infinity
    if (first >= this.#next) return
    clearTimeout(this.#timer)
    this.#next = first
    this.#timer = setTimeout(() => this.#turn(), Math.max(1, Math.ceil(first * TICK_MS - this.now)))
  }

  #turn(): void {
    this.#next = Infinity
    const { now } = this
    this.#lastTick = Math.floor(now / TICK_MS)
    while ((this.#ticks.first ?? Infinity) <= this.#lastTick) {
      const tick = this.#ticks.pop() as number
      const slot = this.#slots.get(tick)
      this.#slots.delete(tick)
      for (const entry of slot ?? []) this.#wake(entry, now)
    }
    this.#schedule()
  }

  #wake(entry: TimerEntry, now: number): void {
    if (!this.#slotOf.has(entry)) return
    if (entry.dueAt <= now) entry.onDue()
    // It may have left, or asked for its next time.
    if (this.#slotOf.has(entry)) this.#place(entry)
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#next = Infinity
    this.#ticks = new NumberHeap()
  }
}
