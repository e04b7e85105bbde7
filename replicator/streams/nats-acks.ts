import type { Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/nats-core'

/** Messages of one call that the server has not acknowledged yet. */
interface Publication {
  unacknowledged: number
  failure: Error | undefined
  wake: (() => void) | undefined
}

/** Messages that are on their way to the server at the same time. */
const WINDOW = 2000

/**
 * Publishes to a JetStream with one subscription for all acknowledgements. A request for each message, as the client makes it, costs a
 * timer and several errors that are never thrown.
 */
export class NatsAcks {
  readonly #connection: NatsConnection
  readonly #inbox: string
  readonly #timeoutMs: number
  readonly #subscription: Subscription
  readonly #waiting = new Map<string, Publication>()
  #count = 0
  #lastAckAt = 0

  /** @param inbox a subject of this connection alone, without a last token */
  constructor(connection: NatsConnection, inbox: string, timeoutMs: number) {
    this.#connection = connection
    this.#inbox = `${inbox}.`
    this.#timeoutMs = timeoutMs
    this.#subscription = connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#acknowledge(message)
      },
    })
    void connection.closed().then(error => this.#failAll(error ?? new Error('the connection was cut')))
  }

  /**
   * Sends messages in their order; resolves when the server has stored all of them.
   *
   * @throws what the server says of the first that it refuses; an error if it says nothing for the time-out
   */
  async publish(
    messages: Iterable<{ readonly subject: string; readonly value: string; readonly headers: MsgHdrs }>,
  ): Promise<void> {
    const publication: Publication = { unacknowledged: 0, failure: undefined, wake: undefined }
    const tokens: string[] = []
    this.#lastAckAt = performance.now()
    try {
      for (const { subject, value, headers } of messages) {
        if (publication.unacknowledged >= WINDOW) await this.#below(publication, WINDOW / 2)
        const token = String(++this.#count)
        tokens.push(token)
        this.#waiting.set(token, publication)
        publication.unacknowledged++
        this.#connection.publish(subject, value, { reply: this.#inbox + token, headers })
      }
      await this.#below(publication, 0)
    } finally {
      for (const token of tokens) this.#waiting.delete(token)
    }
  }

  /** Waits until so few messages are unacknowledged. @throws the failure of one, or the time-out */
  async #below(publication: Publication, most: number): Promise<void> {
    while (publication.failure === undefined && publication.unacknowledged > most) {
      const left = this.#lastAckAt + this.#timeoutMs - performance.now()
      if (left <= 0) throw new Error(`no acknowledgement for ${this.#timeoutMs} ms`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left)
        publication.wake = () => {
          if (publication.failure === undefined && publication.unacknowledged > most) return
          clearTimeout(timer)
          resolve()
        }
      })
      publication.wake = undefined
    }
    if (publication.failure !== undefined) throw publication.failure
  }

  #acknowledge(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length)
    const publication = this.#waiting.get(token)
    if (publication === undefined) return
    this.#waiting.delete(token)
    this.#lastAckAt = performance.now()
    publication.unacknowledged--
    publication.failure ??= refusalOf(message)
    publication.wake?.()
  }

  #failAll(error: Error): void {
    for (const publication of this.#waiting.values()) {
      publication.failure ??= error
      publication.wake?.()
    }
  }

  close(): void {
    this.#waiting.clear()
    this.#subscription.unsubscribe()
  }
}

/** Status of an answer that no stream gave. */
const NO_RESPONDERS = 503

function refusalOf({ headers, data }: Msg): Error | undefined {
  if (headers?.code === NO_RESPONDERS) return new Error('stream not found: no stream has the subject')
  try {
    const { error } = JSON.parse(Buffer.from(data).toString()) as { error?: { description?: string } }
    return error === undefined ? undefined : new Error(error.description ?? 'refused')
  } catch {
    return new Error('the acknowledgement is no JSON')
  }
}
