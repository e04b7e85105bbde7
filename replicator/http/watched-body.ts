import type { Readable } from 'node:stream'
import { PeerError } from '../peer-error.ts'

/** Minimum bytes of a body within each interval while it is waited for; feeds are exempt. */
const MIN_BYTES = 256

/** Limits on the slowness of a body. */
export interface Pace {
  /** The longest wait for more of it, in milliseconds. */
  readonly timeoutMs: number
  /** A live feed may say next to nothing for as long as it likes. */
  readonly mayTrickle: boolean
}

/**
 * Reads a body's chunks. A peer that sends nothing, or next to nothing, while it is waited for is abandoned: also one
 * whose bytes are no part of the body, as extensions of chunks are. The time in which the reader does something else
 * does not count.
 *
 * @throws PeerError `timeout`
 */
export async function* watchedBody(body: Readable, request: string, pace: Pace): AsyncGenerator<Buffer> {
  const { timeoutMs, mayTrickle } = pace
  let waiting = true
  const giveUp = (): void => void (waiting && body.destroy(stalled(request)))
  const timer = setTimeout(giveUp, timeoutMs).unref()
  let [waited, bytes, since] = [0, 0, performance.now()]
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      waiting = false
      waited += performance.now() - since
      bytes += chunk.length
      if (!mayTrickle && waited > timeoutMs && bytes < MIN_BYTES) throw stalled(request)
      if (waited > timeoutMs || bytes >= MIN_BYTES) [waited, bytes] = [0, 0]
      yield chunk
      since = performance.now()
      waiting = true
      timer.refresh()
    }
  } finally {
    waiting = false
    clearTimeout(timer)
  }
}

/** Watches what a live feed has begun to say and not ended: a row must come at a pace, too. */
export class RowPace {
  readonly #request: string
  readonly #timeoutMs: number
  #since: number | undefined

  constructor(request: string, { timeoutMs }: Pace) {
    this.#request = request
    this.#timeoutMs = timeoutMs
  }

  /**
   * @param held bytes of a row that is not complete
   * @param isNew whether rows were completed since the last call
   * @throws PeerError `timeout`
   */
  check(held: number, isNew: boolean): void {
    if (held === 0 || isNew) this.#since = undefined
    if (held === 0) return
    const now = performance.now()
    this.#since ??= now
    const timeouts = (now - this.#since) / this.#timeoutMs
    if (timeouts > 1 && held < timeouts * MIN_BYTES) throw stalled(this.#request)
  }
}

function stalled(request: string): PeerError {
  return new PeerError('timeout', `the answer of ${request} stalled`, { transient: true })
}
