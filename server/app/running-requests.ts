import type { ServerResponse } from 'node:http'
import { fail } from '../../protocol/errors.ts'
import type { RequestContext } from '../routes/context.ts'
import { kindOf } from './limit-client.ts'

export interface RequestBounds {
  /** Most requests at a time; 0 for no bound. Read for each request. */
  readonly most: () => number
  /** Longest work for requests in one turn of the event loop, in milliseconds; 0 for no bound. */
  readonly workMs: () => number
}

/** Milliseconds of processor time that the process has used. */
export type Work = () => number

/**
 * Bounds the requests that this thread answers at a time, and those that it takes in one turn of the event loop: what comes while
 * a thread is at work waits in its socket, where nobody counts it, until the turn that reads it. What comes beyond is refused at
 * once, before anything is spent on it, so that what was taken is answered soon, and clients that come back later find room.
 */
export class RunningRequests {
  readonly #bounds: RequestBounds
  readonly #work: Work
  #running = 0
  /** Beginning of the turn, undefined before its first request. */
  #began: number | undefined
  /** Work done when the turn was found to be long, undefined before. */
  #mark: number | undefined
  readonly #leave = (): void => void (this.#running -= 1)
  readonly #endTurn = (): void => void (this.#began = this.#mark = undefined)

  constructor(bounds: RequestBounds, work: Work = processorTime) {
    this.#bounds = bounds
    this.#work = work
  }

  /** Feeds wait and cost nothing meanwhile; `_up` tells who watches the server that it lives. @throws `busy` */
  enter(ctx: RequestContext): void {
    if (ctx.path === '/_up' || kindOf(ctx) === 'feeds') return
    const most = this.#bounds.most()
    if ((most > 0 && this.#running >= most) || this.#isTurnSpent()) {
      ctx.services.metrics.count('couchette/requests_refused')
      throw fail('busy')
    }
    this.#hold(ctx.res)
  }

  /**
   * Processor time decides, as a turn takes long also on a machine that is busy with something else. The system is asked for it from
   * a quarter of the bound on: most turns end before, and asking takes as long as a small request's other checks together.
   */
  #isTurnSpent(): boolean {
    const now = performance.now()
    if (this.#began === undefined) {
      this.#began = now
      setImmediate(this.#endTurn)
      return false
    }
    const workMs = this.#bounds.workMs()
    if (workMs <= 0 || now - this.#began < workMs / 4) return false
    this.#mark ??= this.#work()
    return now - this.#began > workMs && this.#work() - this.#mark > (workMs * 3) / 4
  }

  #hold(res: ServerResponse): void {
    // Once the connection is gone, no further event of its end comes.
    if (res.destroyed || res.closed) return
    this.#running += 1
    res.once('close', this.#leave)
  }
}

function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
