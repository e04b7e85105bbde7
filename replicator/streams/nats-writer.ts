import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type { BrokerAccess, OutgoingMessage, StreamWriter } from './contract.ts'
import { connectToNats, natsError, type NatsStream } from './nats.ts'

/** Writes to a JetStream: messages have ids, by which the server leaves out those that it has already. */
export class NatsWriter implements StreamWriter {
  readonly #endpoint: StreamEndpoint
  readonly #access: BrokerAccess
  #stream: NatsStream | undefined

  constructor(endpoint: StreamEndpoint, access: BrokerAccess) {
    this.#endpoint = endpoint
    this.#access = access
  }

  async open(): Promise<string> {
    this.#stream ??= await connectToNats(this.#endpoint, this.#access)
    return this.#stream.info.created
  }

  async publish(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    const stream = this.#stream
    if (stream === undefined || stream.connection.isClosed())
      throw natsError(new Error('the connection was cut'), this.#endpoint)
    signal.throwIfAborted()
    const sent = messages
      .filter(({ value }) => value !== null)
      .map(({ id, messageId, value }) =>
        stream.client.publish(subjectOf(this.#endpoint.subject, id), value ?? '', {
          msgID: messageId,
          expect: { streamName: this.#endpoint.stream ?? '' },
        }),
      )
    const failed = (await Promise.allSettled(sent)).find(result => result.status === 'rejected')
    if (failed !== undefined) throw natsError(failed.reason, this.#endpoint)
  }

  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    await stream?.connection.close().catch(() => undefined)
  }
}

/** Returns the subject of a document: what would divide it, or stand for others, is percent-encoded. */
export function subjectOf(template: string, id: string): string {
  const token = id.replace(
    /[\s.*>%]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
  return template.replaceAll('{id}', token)
}
