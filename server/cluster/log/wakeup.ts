/** Longest wait of a reader without a notification, which may be lost with its connection. */
const MAX_WAIT_MS = 500

/** Wakes one reader. A wake-up while nobody waits is kept for the next wait. */
export class Wakeup {
  #isDue = false
  #wake: (() => void) | undefined

  wake(): void {
    this.#isDue = true
    this.#wake?.()
  }

  /** Resolves after {@link wake}, after some time, or when the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.#isDue && !signal.aborted) {
      await new Promise<void>(resolve => {
        const end = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', end)
          resolve()
        }
        const timer = setTimeout(end, MAX_WAIT_MS)
        signal.addEventListener('abort', end)
        this.#wake = end
      })
    }
    this.#wake = undefined
    this.#isDue = false
  }
}
