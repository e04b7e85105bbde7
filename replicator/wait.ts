import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits that long, or until the signal is aborted, which throws its reason. */
export async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  try {
    await sleep(milliseconds, undefined, { signal, ref: false })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** A signal for a part of some work: aborted with the whole, or by the owner of the part. */
export function childOf(signal: AbortSignal): AbortController & Disposable {
  const controller = new AbortController()
  // Many requests listen to it at the same time.
  setMaxListeners(0, controller.signal)
  const abort = (): void => controller.abort(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return Object.assign(controller, {
    [Symbol.dispose]: () => signal.removeEventListener('abort', abort),
  })
}

/** Waits for work that others wait for too; an aborted signal ends the wait, not the work. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let abort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
