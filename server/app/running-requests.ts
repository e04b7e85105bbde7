import type { ServerResponse } from 'node:http'
import { fail } from '../../protocol/errors.ts'
import type { RequestContext } from '../routes/context.ts'
import { kindOf } from './limit-client.ts'

/**
 * Bounds the requests that this thread answers at a time. What comes beyond is refused at once, before anything is spent on it, so
 * that those that were taken are answered soon, and clients that come back later find room.
 */
export class RunningRequests {
  readonly #most: () => number
  #running = 0
  readonly #leave = (): void => void (this.#running -= 1)

  /** @param most read for each request; 0 for no bound */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Feeds wait and cost nothing meanwhile; `_up` tells who watches the server that it lives. @throws `busy` */
  enter(ctx: RequestContext): void {
    if (ctx.path === '/_up' || kindOf(ctx) === 'feeds') return
    const most = this.#most()
    if (most > 0 && this.#running >= most) {
      ctx.services.metrics.count('couchette/requests_refused')
      throw fail('busy')
    }
    this.#hold(ctx.res)
  }

  #hold(res: ServerResponse): void {
    // Once the connection is gone, nothing more is told of its end.
    if (res.destroyed || res.closed) return
    this.#running += 1
    res.once('close', this.#leave)
  }
}
