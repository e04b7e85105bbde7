import { wait } from '../wait.ts'

const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 25_000
const STEP_MS = 20

/**
 * Paces the requests to one host: the delay between them doubles when the host says it is overloaded and shrinks by
 * steps while it answers, and nothing is sent before the time that a `Retry-After` named.
 */
export class Throttle {
  #delayMs = 0
  /** By `performance.now()`. */
  #nextAt = 0

  get delayMs(): number {
    return this.#delayMs
  }

  /** Returns when the next request may be sent. */
  async pass(signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const startsAt = Math.max(now, this.#nextAt)
    if (this.#delayMs > 0) this.#nextAt = startsAt + this.#delayMs
    if (startsAt > now) await wait(startsAt - now, signal)
  }

  succeeded(): void {
    if (this.#delayMs > 0) this.#delayMs = Math.max(0, this.#delayMs - STEP_MS)
  }

  /** @param retryAfterMs what the host asked for, if it did */
  overloaded(retryAfterMs = 0): void {
    this.#delayMs = Math.min(MAX_DELAY_MS, Math.max(FIRST_DELAY_MS, this.#delayMs * 2))
    this.#nextAt = Math.max(this.#nextAt, performance.now() + Math.max(retryAfterMs, this.#delayMs))
  }
}

const LONGEST_RETRY_AFTER_MS = 10 * 60_000

/** A `Retry-After` header in milliseconds (RFC 9110, 10.2.3): seconds or a date of the wall's clock; undefined when it is neither. */
export function parseRetryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  const milliseconds = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  if (Number.isNaN(milliseconds)) return undefined
  return Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, milliseconds))
}
