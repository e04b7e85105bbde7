import { randomBytes } from 'node:crypto'
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type {
  BrokerAccess,
  StreamBatch,
  StreamGap,
  StreamMessage,
  StreamPosition,
  StreamReader,
} from './contract.ts'
import { MessageQueue } from './message-queue.ts'
import { closeNats, connectToNats, natsError, type NatsStream } from './nats.ts'

/** Messages that are asked for ahead; fewer where those of the stream are large. */
const MOST_AHEAD = 1000
const LEAST_AHEAD = 8

/**
 * Reads a JetStream in the order of its sequence. The place is `{created, seq}`: the last message that was taken in, and when
 * the stream was made, by which a stream that was made again is noticed.
 */
export class NatsReader implements StreamReader {
  readonly #endpoint: StreamEndpoint
  readonly #access: BrokerAccess
  #stream: NatsStream | undefined
  #messages: ConsumerMessages | undefined
  #last = 0
  #end = 0
  #pending: number | null = null

  constructor(endpoint: StreamEndpoint, access: BrokerAccess) {
    this.#endpoint = endpoint
    this.#access = access
  }

  async open(position: StreamPosition | undefined, signal: AbortSignal): Promise<readonly StreamGap[]> {
    const stream = (this.#stream = await connectToNats(this.#endpoint, this.#access, signal))
    const { created, state } = stream.info
    this.#end = state.last_seq
    if (position === undefined) return []
    const topic = this.#endpoint.subject
    const isSame = position['created'] === created
    const seq = Number(position['seq'])
    if (!isSame || seq > state.last_seq)
      return [
        {
          topic,
          reason: `the stream ${this.#endpoint.stream} was made again: what the old one had and was not read is gone`,
        },
      ]
    this.#last = seq
    if (state.first_seq <= seq + 1) return []
    const reason = `messages ${seq + 1} to ${state.first_seq - 1} are gone: the stream keeps them no longer`
    return [{ topic, reason }]
  }

  async *read(
    { continuous }: { readonly continuous: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<StreamBatch> {
    if (!continuous && this.#last >= this.#end) return
    const stream = this.#stream!
    const queue = new MessageQueue<JsMsg>(this.#access.queueBytes, ({ data }) => data.length)
    const abort = (): void => {
      queue.end(signal.reason as Error)
      stream.sockets.destroy()
    }
    signal.addEventListener('abort', abort, { once: true })
    void stream.connection
      .closed()
      .then(error => queue.end(this.#explain(error ?? new Error('the connection was cut'))))
    const consumer = await this.#consumer(stream)
    const left = continuous ? undefined : (await consumer.info()).num_pending
    if (left === 0) return
    void this.#pump(consumer, queue)
    try {
      let taken = 0
      for (let batch = await queue.take(); batch !== undefined; batch = await queue.take()) {
        signal.throwIfAborted()
        const last = batch.at(-1)!
        this.#last = last.seq
        this.#pending = last.info.pending
        taken += batch.length
        yield {
          messages: batch.map(message => new NatsMessage(message)),
          position: { created: stream.info.created, seq: String(last.seq) },
        }
        if (left !== undefined && (taken >= left || last.seq >= this.#end)) return
      }
    } finally {
      signal.removeEventListener('abort', abort)
      queue.end()
      await this.#messages?.close().catch(() => undefined)
    }
  }

  /** A consumer of its own: its name must not be that of one that the server has not forgotten yet. */
  async #consumer({ client }: NatsStream): Promise<Consumer> {
    const { DeliverPolicy } = await import('@nats-io/jetstream')
    const { stream = '', subject, consumer } = this.#endpoint
    try {
      return await client.consumers.get(stream, {
        filter_subjects: subject,
        name_prefix: `${consumer.replace(/[^\w-]/g, '_')}_${randomBytes(6).toString('hex')}`,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: this.#last + 1,
      })
    } catch (error) {
      throw this.#explain(error)
    }
  }

  async #pump(consumer: Consumer, queue: MessageQueue<JsMsg>): Promise<void> {
    try {
      this.#messages = await consumer.consume({ max_messages: this.#ahead() })
      for await (const message of this.#messages) if (!queue.put(message)) await queue.room()
      queue.end()
    } catch (error) {
      queue.end(this.#explain(error))
    }
  }

  /** A limit in bytes would make the server refuse a message that exceeds what is left of it, and wait: their mean size is one. */
  #ahead(): number {
    const { bytes, messages } = this.#stream!.info.state
    const mean = Math.max(1, bytes / Math.max(1, messages))
    return Math.min(MOST_AHEAD, Math.max(LEAST_AHEAD, Math.floor(this.#access.queueBytes / mean)))
  }

  #explain(error: unknown): Error {
    return natsError(this.#stream?.sockets.failure ?? error, this.#endpoint)
  }

  pending(): Promise<number | null> {
    return Promise.resolve(this.#pending)
  }

  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    await closeNats(stream)
  }
}

/** A message as it came: its sequence, which stands in the subject of its reply, is read where it is asked for. */
class NatsMessage implements StreamMessage {
  readonly key = null
  readonly #message: JsMsg

  constructor(message: JsMsg) {
    this.#message = message
  }

  get value(): Uint8Array {
    return this.#message.data
  }

  get topic(): string {
    return this.#message.subject
  }

  get offset(): string {
    return String(this.#message.seq)
  }
}
