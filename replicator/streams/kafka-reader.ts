import { randomBytes } from 'node:crypto'
import type { Consumer, Message, MessagesStream } from '@platformatic/kafka'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type {
  BrokerAccess,
  StreamBatch,
  StreamGap,
  StreamMessage,
  StreamPosition,
  StreamReader,
} from './contract.ts'
import { PeerError } from '../peer-error.ts'
import { kafkaError, kafkaOptions, KafkaSockets, topicOf } from './kafka.ts'
import { MessageQueue } from './message-queue.ts'

const END_CHECK_MS = 200
const EARLIEST = -2n
const LATEST = -1n

type KafkaMessage = Message<Buffer, Buffer, Buffer, Buffer>
type KafkaStream = MessagesStream<Buffer, Buffer, Buffer, Buffer>

/**
 * Reads all partitions of a topic. The place is `{topicId, "0": "17", …}`: the next offset of each partition, and the topic's id,
 * by which one that was made again is noticed. The group is of this reader alone, and commits nothing at the broker.
 */
export class KafkaReader implements StreamReader {
  readonly #endpoint: StreamEndpoint
  readonly #access: BrokerAccess
  #consumer: Consumer | undefined
  #sockets: KafkaSockets | undefined
  #topicId = ''
  #next: bigint[] = []
  #end: bigint[] = []

  constructor(endpoint: StreamEndpoint, access: BrokerAccess) {
    this.#endpoint = endpoint
    this.#access = access
  }

  async open(position: StreamPosition | undefined, signal: AbortSignal): Promise<readonly StreamGap[]> {
    const sockets = (this.#sockets = new KafkaSockets(this.#access))
    try {
      return await sockets.during(signal, () => this.#open(position, sockets))
    } catch (error) {
      signal.throwIfAborted()
      throw this.#explain(error)
    }
  }

  async #open(position: StreamPosition | undefined, sockets: KafkaSockets): Promise<readonly StreamGap[]> {
    const { Consumer } = await import('@platformatic/kafka')
    const { subject: topic, consumer: name } = this.#endpoint
    const consumer = (this.#consumer = new Consumer({
      ...kafkaOptions(this.#endpoint, this.#access, sockets),
      groupId: `${name}-${randomBytes(6).toString('hex')}`,
      autocommit: false,
    }))
    const read = () => consumer.metadata({ topics: [topic], forceUpdate: true })
    const { id, partitions } = await topicOf(this.#endpoint, this.#access, read)
    const first = await this.#offsets(consumer, EARLIEST)
    this.#end = await this.#offsets(consumer, LATEST)
    this.#topicId = id
    this.#next = Array.from({ length: partitions }, (_, partition) => first[partition] ?? 0n)
    return position === undefined ? [] : this.#goOn(position, first)
  }

  /** Goes on from a place as far as it is still there. */
  #goOn(position: StreamPosition, first: readonly bigint[]): StreamGap[] {
    const { subject: topic } = this.#endpoint
    if (position['topicId'] !== this.#topicId)
      return [
        { topic, reason: `the topic ${topic} was made again: what the old one had and was not read is gone` },
      ]
    const gaps: StreamGap[] = []
    for (const [partition, text] of Object.entries(position)) {
      const index = Number(partition)
      const begin = first[index]
      if (begin === undefined) continue
      const wanted = BigInt(text)
      if (wanted >= begin && wanted <= (this.#end[index] ?? 0n)) this.#next[index] = wanted
      else gaps.push({ topic, reason: gapReason(index, wanted, begin) })
    }
    return gaps
  }

  async *read(
    { continuous }: { readonly continuous: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<StreamBatch> {
    while ((yield* this.#readUntilGrown(continuous, signal)) === 'grown') {
      await this.close()
      const [gap] = await this.open(this.#position(), signal)
      // The next run of the job notes it.
      if (gap !== undefined) throw new PeerError('stream_gap', gap.reason, { transient: true })
    }
  }

  /** Reads the partitions that there were when the topic was opened, until it has more. */
  async *#readUntilGrown(
    continuous: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<StreamBatch, 'grown' | 'end'> {
    if (!continuous && this.#isAtEnd(this.#next)) return 'end'
    const queue = new MessageQueue<KafkaMessage>(this.#access.queueBytes, bytesOf)
    const abort = (): void => {
      queue.end(signal.reason as Error)
      this.#sockets?.destroy()
    }
    signal.addEventListener('abort', abort, { once: true })
    const stream = await this.#stream()
    void pump(stream, queue, error => this.#explain(error))
    let outcome: 'grown' | 'end' = 'end'
    const endIfGrown = async (): Promise<void> => {
      if (!(await this.#hasGrown())) return
      outcome = 'grown'
      queue.end()
    }
    const check = continuous
      ? setInterval(() => void endIfGrown(), this.#access.partitionCheckMs)
      : // Not every offset has a message: the end of a topic may be the mark of a transaction.
        setInterval(() => this.#endIfRead(stream, queue), END_CHECK_MS)
    try {
      for (let batch = await queue.take(); batch !== undefined; batch = await queue.take()) {
        signal.throwIfAborted()
        for (const { partition, offset } of batch) this.#next[partition] = offset + 1n
        yield { messages: batch.map(messageOf), position: this.#position() }
        if (!continuous && this.#isAtEnd(this.#next)) break
      }
      return outcome
    } finally {
      clearInterval(check)
      signal.removeEventListener('abort', abort)
      queue.end()
      await stream.close().catch(() => undefined)
    }
  }

  /** Returns whether the topic has more partitions than are read. A broker that does not answer is noticed elsewhere. */
  async #hasGrown(): Promise<boolean> {
    const { subject: topic } = this.#endpoint
    const read = this.#consumer?.metadata({ topics: [topic], forceUpdate: true })
    const found = await read?.catch(() => undefined)
    return (found?.topics.get(topic)?.partitionsCount ?? 0) > this.#next.length
  }

  async #stream(): Promise<KafkaStream> {
    const { subject: topic } = this.#endpoint
    try {
      return await this.#consumer!.consume({
        topics: [topic],
        mode: 'manual',
        autocommit: false,
        // The client counts messages, however large: it holds one answer of each broker, which is bounded by bytes.
        highWaterMark: 1,
        maxBytes: this.#access.queueBytes,
        offsets: this.#next.map((offset, partition) => ({ topic, partition, offset })),
      })
    } catch (error) {
      throw this.#explain(error)
    }
  }

  #explain(error: unknown): Error {
    return kafkaError(this.#sockets?.failure ?? error, this.#endpoint)
  }

  #position(): StreamPosition {
    return {
      topicId: this.#topicId,
      ...Object.fromEntries(this.#next.map((next, index) => [index, String(next)])),
    }
  }

  #isAtEnd(next: readonly bigint[]): boolean {
    return this.#end.every((end, partition) => (next[partition] ?? 0n) >= end)
  }

  #endIfRead(stream: KafkaStream, queue: MessageQueue<KafkaMessage>): void {
    const fetched = this.#next.map(
      (next, partition) => stream.offsetsToFetch.get(`${this.#endpoint.subject}:${partition}`) ?? next,
    )
    if (this.#isAtEnd(fetched) && stream.readableLength === 0) queue.end()
  }

  async pending(): Promise<number | null> {
    const consumer = this.#consumer
    if (consumer === undefined) return null
    const end = await this.#offsets(consumer, LATEST).catch(() => undefined)
    if (end === undefined) return null
    return Number(end.reduce((sum, last, partition) => sum + last - (this.#next[partition] ?? 0n), 0n))
  }

  async #offsets(consumer: Consumer, timestamp: bigint): Promise<bigint[]> {
    const { subject: topic } = this.#endpoint
    return (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? []
  }

  async close(): Promise<void> {
    const consumer = this.#consumer
    this.#consumer = undefined
    // The broker may be away; it forgets the group by itself.
    if (consumer !== undefined) await new Promise<void>(resolve => consumer.close(true, () => resolve()))
    this.#sockets?.destroy()
  }
}

async function pump(
  stream: KafkaStream,
  queue: MessageQueue<KafkaMessage>,
  explain: (error: unknown) => Error,
): Promise<void> {
  try {
    for await (const message of stream) if (!queue.put(message)) await queue.room()
    queue.end(explain(new Error('the connection was closed')))
  } catch (error) {
    queue.end(explain(error))
  }
}

function bytesOf({ key, value }: KafkaMessage): number {
  return (key?.length ?? 0) + (value?.length ?? 0)
}

function messageOf({ key, value, topic, partition, offset }: KafkaMessage): StreamMessage {
  return { key: key ?? null, value: value ?? null, topic, offset: `${partition}:${offset}` }
}

function gapReason(partition: number, wanted: bigint, first: bigint): string {
  return wanted < first
    ? `offsets ${wanted} to ${first - 1n} of partition ${partition} are gone: the topic keeps them no longer`
    : `partition ${partition} ends before offset ${wanted}, which was read before`
}
