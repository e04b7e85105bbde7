import { threadCpuMs } from './thread-cpu.ts'

/** The CPU time is read again when a call begins so long after the last reading: a reading costs some microseconds. */
const READING_MS = 50
/** On a machine that gives the thread next to nothing, a call ends after so many times its limit. */
const MOST_WAITING = 10

/**
 * The time of one call after another. A call has its limit in CPU time of the thread, where the system tells it, so that
 * it is not ended because the machine is busy with other things; else in time as it passes.
 */
export class CallClock {
  readonly #onExtended: () => void
  #limitMs = Infinity
  #begun = 0
  #deadline = Infinity
  #readAt = -Infinity
  #cpuMs: number | undefined
  #isOver = false

  /** @param onExtended told when a call goes on behind its limit, as it has not had that much CPU time */
  constructor(onExtended: () => void) {
    this.#onExtended = onExtended
  }

  begin(limitMs: number): void {
    const now = performance.now()
    this.#isOver = false
    this.#limitMs = limitMs
    this.#begun = now
    this.#deadline = now + limitMs
    if (now - this.#readAt < READING_MS) return
    this.#readAt = now
    this.#cpuMs = threadCpuMs()
  }

  /** Ends the timed call: code that runs from now on has no deadline. */
  end(): void {
    this.#deadline = Infinity
  }

  /** True once the call has used up its time, and until the next one begins. */
  get isOver(): boolean {
    if (this.#isOver) return true
    const now = performance.now()
    if (now <= this.#deadline) return false
    const leftMs = this.#cpuLeft(now)
    this.#isOver = leftMs <= 0
    if (!this.#isOver) {
      this.#deadline = now + leftMs
      this.#onExtended()
    }
    return this.#isOver
  }

  #cpuLeft(now: number): number {
    const cpuMs = threadCpuMs()
    if (cpuMs === undefined || this.#cpuMs === undefined) return 0
    if (now - this.#begun > this.#limitMs * MOST_WAITING) return 0
    return this.#limitMs - (cpuMs - this.#cpuMs)
  }
}
