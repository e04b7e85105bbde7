/** A bounded queue between a client that hands over messages one by one and a reader that takes all that wait. */
export class MessageQueue<T> {
  readonly #most: number
  #waiting: T[] = []
  #ended = false
  #failure: Error | undefined
  #wake: (() => void) | undefined
  #room: (() => void) | undefined

  /** @param most messages for which there is room */
  constructor(most: number) {
    this.#most = most
  }

  /** Returns whether there is room for more; otherwise wait for `room`. */
  put(message: T): boolean {
    this.#waiting.push(message)
    this.#wake?.()
    return this.#waiting.length < this.#most || this.#ended
  }

  /** Resolves when the reader has taken what waited. */
  async room(): Promise<void> {
    if (this.#waiting.length >= this.#most && !this.#ended)
      await new Promise<void>(resolve => (this.#room = resolve))
  }

  /** Nothing follows. */
  end(failure?: Error): void {
    this.#ended = true
    this.#failure ??= failure
    this.#wake?.()
    this.#room?.()
  }

  /** Returns what waits, at least one message; undefined at the end. @throws what the queue was ended with */
  async take(): Promise<T[] | undefined> {
    while (this.#waiting.length === 0 && !this.#ended)
      await new Promise<void>(resolve => (this.#wake = resolve))
    const taken = this.#waiting
    this.#waiting = []
    this.#room?.()
    if (taken.length > 0) return taken
    if (this.#failure !== undefined) throw this.#failure
    return undefined
  }
}
