import type { MsgHdrs } from '@nats-io/nats-core'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type { BrokerAccess, OutgoingMessage, StreamWriter } from './contract.ts'
import { NatsAcks } from './nats-acks.ts'
import { closeNats, connectToNats, natsError, type NatsStream } from './nats.ts'

/** Writes to a JetStream: messages have ids, by which the server leaves out those that it has already. */
export class NatsWriter implements StreamWriter {
  readonly #endpoint: StreamEndpoint
  readonly #access: BrokerAccess
  #stream: NatsStream | undefined
  #acks: NatsAcks | undefined
  #headers: (() => MsgHdrs) | undefined

  constructor(endpoint: StreamEndpoint, access: BrokerAccess) {
    this.#endpoint = endpoint
    this.#access = access
  }

  async open(signal: AbortSignal): Promise<string> {
    const { createInbox, headers } = await import('@nats-io/nats-core')
    const stream = (this.#stream ??= await connectToNats(this.#endpoint, this.#access, signal))
    this.#headers = headers
    this.#acks ??= new NatsAcks(stream.connection, createInbox(), this.#access.timeoutMs)
    return stream.info.created
  }

  async publish(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    const stream = this.#stream
    if (stream === undefined || stream.connection.isClosed())
      throw natsError(stream?.sockets.failure ?? new Error('the connection was cut'), this.#endpoint)
    signal.throwIfAborted()
    try {
      await stream.sockets.during(signal, async () => this.#acks?.publish(this.#outgoing(messages)))
    } catch (error) {
      throw natsError(stream.sockets.failure ?? error, this.#endpoint)
    }
  }

  *#outgoing(messages: readonly OutgoingMessage[]) {
    const { stream = '', subject } = this.#endpoint
    const headers = this.#headers!
    for (const { id, messageId, value } of messages) {
      if (value === null) continue
      const own = headers()
      own.set('Nats-Msg-Id', messageId)
      own.set('Nats-Expected-Stream', stream)
      yield { subject: subjectOf(subject, id), value, headers: own }
    }
  }

  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    this.#acks?.close()
    this.#acks = undefined
    await closeNats(stream)
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
