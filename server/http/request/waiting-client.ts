import type { Waiter } from '../../../protocol/turns.ts'
import type { HttpContext } from '../context.ts'

/** The client of a request that waits; its signal is aborted when the connection or the stream of the request closes. */
export class WaitingClient implements Waiter {
  #left = false
  #leaving: AbortController | undefined

  constructor({ res }: HttpContext) {
    res.once('close', () => {
      this.#left = true
      this.#leaving?.abort(gone())
    })
  }

  get signal(): AbortSignal {
    if (this.#leaving === undefined) {
      this.#leaving = new AbortController()
      if (this.#left) this.#leaving.abort(gone())
    }
    return this.#leaving.signal
  }
}

function gone(): Error {
  return Object.assign(new Error('the client has left'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}
