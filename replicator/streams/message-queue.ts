/** Messages of a queue: a commit has no more. */
const MOST = 1000

/** A queue between a client that hands over messages one by one and a reader that takes all that wait; bounded by bytes and number. */
export class MessageQueue<T> {
  readonly #mostBytes: number
  readonly #bytesOf: (message: T) => number
  #bytes = 0
  #waiting: T[] = []
  #ended = false
  #failure: Error | undefined
  #wake: (() => void) | undefined
  #room: (() => void) | undefined

  /** @param mostBytes bytes of messages that wait; the one that exceeds them is taken */
  constructor(mostBytes: number, bytesOf: (message: T) => number) {
    this.#mostBytes = mostBytes
    this.#bytesOf = bytesOf
  }

  /** Returns whether there is room for more; otherwise wait for `room`. */
  put(message: T): boolean {
    this.#waiting.push(message)
    this.#bytes += this.#bytesOf(message)
    this.#wake?.()
    return !this.#isFull || this.#ended
  }

  /** Resolves when the reader has taken what waited. */
  async room(): Promise<void> {
    if (this.#isFull && !this.#ended) await new Promise<void>(resolve => (this.#room = resolve))
  }

  get #isFull(): boolean {
    return this.#waiting.length >= MOST || this.#bytes >= this.#mostBytes
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
    this.#bytes = 0
    this.#room?.()
    if (taken.length > 0) return taken
    if (this.#failure !== undefined) throw this.#failure
    return undefined
  }
}
