import { type ChannelSettings, isInWindow, minuteOfDay } from './channel-settings.ts'

/** Something that a channel compacts: a database or an index. */
export interface CompactionTarget {
  /** Tells it from others, and the same one again. */
  readonly key: string
  /** Compacts until it is done or the signal is aborted; does not throw. */
  compact(signal: AbortSignal): Promise<void>
}

interface Waiting {
  readonly target: CompactionTarget
  readonly priority: number
}

/** Time between two looks at the clock, where a channel has a window, in milliseconds. */
const LOOK_MS = 10_000

/** One channel: what waits, by priority, and what is compacted. As in CouchDB, something waits in one channel at most. */
export class CompactionChannel {
  readonly #settings: () => ChannelSettings
  readonly #now: () => Date
  readonly #waiting = new Map<string, Waiting>()
  readonly #active = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(settings: () => ChannelSettings, now: () => Date = () => new Date()) {
    this.#settings = settings
    this.#now = now
  }

  /** As `_smoosh/status` shows it. */
  get status(): object {
    const priorities = [...this.#waiting.values()].map(({ priority }) => priority)
    const size = priorities.length
    const waiting = {
      size,
      min: size === 0 ? 0 : Math.min(...priorities),
      max: size === 0 ? 0 : Math.max(...priorities),
    }
    return { active: this.#active.size, starting: 0, waiting }
  }

  has(key: string): boolean {
    return this.#waiting.has(key) || this.#active.has(key)
  }

  /** Puts something into the queue, or gives it another priority there; begins it when it is its turn. */
  enqueue(target: CompactionTarget, priority: number): void {
    if (this.#closed || this.#active.has(target.key)) return
    this.#waiting.set(target.key, { target, priority })
    if (this.#waiting.size > this.#settings().capacity) this.#waiting.delete(this.#extreme(-1))
    this.#startNext()
  }

  /** Stops what runs. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting.clear()
    clearInterval(this.#timer)
    await this.#stopActive()
  }

  #startNext(): void {
    const settings = this.#settings()
    const open = isInWindow(settings, minuteOfDay(this.#now()))
    while (open && !this.#closed && this.#waiting.size > 0 && this.#active.size < settings.concurrency) {
      const key = this.#extreme(1)
      const { target } = this.#waiting.get(key) as Waiting
      this.#waiting.delete(key)
      this.#start(target)
    }
    this.#watchClock(settings)
  }

  #start(target: CompactionTarget): void {
    const stop = new AbortController()
    const done = target.compact(stop.signal).finally(() => {
      this.#active.delete(target.key)
      this.#startNext()
    })
    this.#active.set(target.key, { stop, done })
  }

  /** A window opens and closes although nothing is enqueued. */
  #watchClock(settings: ChannelSettings): void {
    const isAlways = settings.window.from === 0 && settings.window.to === 24 * 60
    const needed = !this.#closed && !isAlways && this.#waiting.size + this.#active.size > 0
    if (!needed) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref()
  }

  #look(): void {
    const settings = this.#settings()
    if (settings.strictWindow && !isInWindow(settings, minuteOfDay(this.#now()))) void this.#stopActive()
    this.#startNext()
  }

  async #stopActive(): Promise<void> {
    const active = [...this.#active.values()]
    for (const { stop } of active) stop.abort(new Error('the compaction was stopped'))
    await Promise.all(active.map(({ done }) => done))
  }

  /** The key of what waits with the highest (1) or lowest (-1) priority. */
  #extreme(sign: 1 | -1): string {
    let best: [string, number] = ['', -Infinity]
    for (const [key, { priority }] of this.#waiting)
      if (priority * sign > best[1]) best = [key, priority * sign]
    return best[0]
  }
}
