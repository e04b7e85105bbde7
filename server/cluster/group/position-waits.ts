interface Wait {
  readonly position: number
  readonly end: () => void
}

/** Those who wait until a node has applied an entry of the log. */
export class PositionWaits {
  readonly #waits = new Set<Wait>()

  /** Resolves when {@link reached} is called with the position or a later one. @throws the signal's reason */
  async wait(position: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waits.delete(wait)
        reject(signal.reason as Error)
      }
      const end = (): void => {
        this.#waits.delete(wait)
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      const wait = { position, end }
      this.#waits.add(wait)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  reached(position: number): void {
    for (const wait of this.#waits) if (wait.position <= position) wait.end()
  }
}
