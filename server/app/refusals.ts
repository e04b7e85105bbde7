import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import { CouchError, fail } from '../../protocol/errors.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Seconds after which clients come back, at most. */
const MAX_RETRY_SECONDS = 20
/** Requests are counted over so long before the next decides from it. */
const WINDOW_MS = 1000
const LOG_EVERY_MS = 10_000

const MESSAGE = 'requests are refused with 503: more come than can be answered soon'

interface RefusalServices {
  readonly metrics: Pick<Metrics, 'count'>
  readonly log: Pick<Logger, 'warn'>
}

/**
 * The requests that were refused, and when their clients may come back: the more are refused for each one that is taken, the later, and not all
 * at the same time, so that about as many come as can be answered.
 */
export class Refusals {
  readonly #services: RefusalServices
  readonly #now: () => number
  readonly #refused = new WeakMap<IncomingMessage, number>()
  #window = { began: -Infinity, taken: 0, refused: 0 }
  /** Refused for each that was taken, in the last window. */
  #ratio = 0
  #logged = { at: -Infinity, refused: 0 }

  constructor(services: RefusalServices, now = (): number => performance.now()) {
    this.#services = services
    this.#now = now
  }

  countTaken(): void {
    this.#window.taken += 1
  }

  /** Notes that a request is to be answered 503. */
  refuse(req: IncomingMessage): void {
    this.#services.metrics.count('couchette/requests_refused')
    const now = this.#now()
    if (now - this.#window.began > WINDOW_MS) {
      this.#ratio = this.#window.refused / Math.max(1, this.#window.taken)
      this.#window = { began: now, taken: 0, refused: 0 }
    }
    this.#window.refused += 1
    this.#logged.refused += 1
    this.#refused.set(req, Math.min(MAX_RETRY_SECONDS, 1 + Math.floor(Math.random() * 2 * this.#ratio)))
    if (now - this.#logged.at < LOG_EVERY_MS) return
    this.#services.log.warn({ refused: this.#logged.refused }, MESSAGE)
    this.#logged = { at: now, refused: 0 }
  }

  /** @throws `busy` for a request that was refused */
  check(req: IncomingMessage): void {
    const seconds = this.#refused.get(req)
    if (seconds === undefined) return
    const { status, error, reason } = fail('busy')
    throw new CouchError(status, error, reason, { 'Retry-After': String(seconds) })
  }
}
