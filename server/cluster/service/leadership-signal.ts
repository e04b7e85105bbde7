import { setMaxListeners } from 'node:events'

/** The signal of the leadership that a node knows of. Every request that is forwarded listens to it. */
export class LeadershipSignal {
  #controller = controllerOfMany()

  /** Aborted when another node leads, or none, or when the leader is silent. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Aborts the signal; the next leadership has another. */
  renew(): void {
    this.#controller.abort()
    this.#controller = controllerOfMany()
  }
}

function controllerOfMany(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
