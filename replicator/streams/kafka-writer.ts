import type { Producer } from '@platformatic/kafka'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type { BrokerAccess, OutgoingMessage, StreamWriter } from './contract.ts'
import { kafkaError, kafkaOptions, KafkaSockets, topicOf } from './kafka.ts'

/** Writes to a topic of Kafka, with the keys of documents: those of one document are in one partition, in their order. */
export class KafkaWriter implements StreamWriter {
  readonly #endpoint: StreamEndpoint
  readonly #access: BrokerAccess
  readonly #sockets: KafkaSockets
  #producer: Producer | undefined

  constructor(endpoint: StreamEndpoint, access: BrokerAccess) {
    this.#endpoint = endpoint
    this.#access = access
    this.#sockets = new KafkaSockets(access)
  }

  async open(signal: AbortSignal): Promise<string> {
    const { Producer } = await import('@platformatic/kafka')
    const options = kafkaOptions(this.#endpoint, this.#access, this.#sockets)
    const producer = (this.#producer ??= new Producer({ ...options, idempotent: true, acks: ALL_REPLICAS }))
    try {
      const read = () => producer.metadata({ topics: [this.#endpoint.subject], forceUpdate: true })
      return (await this.#sockets.during(signal, () => topicOf(this.#endpoint, this.#access, read))).id
    } catch (error) {
      signal.throwIfAborted()
      throw this.#explain(error)
    }
  }

  async publish(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { subject: topic } = this.#endpoint
    const records = messages.map(({ key, value }) => ({
      topic,
      key: Buffer.from(key),
      ...(value === null ? {} : { value: Buffer.from(value) }),
    }))
    try {
      await this.#sockets.during(signal, async () => {
        for (const part of inParts(records))
          await this.#producer?.send({ messages: part, idempotent: true, acks: ALL_REPLICAS })
      })
    } catch (error) {
      throw this.#explain(error)
    }
  }

  #explain(error: unknown): Error {
    return kafkaError(this.#sockets.failure ?? error, this.#endpoint)
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close().catch(() => undefined)
    this.#sockets.destroy()
  }
}

/** A message is acknowledged when all replicas in sync have it. */
const ALL_REPLICAS = -1

/** Bytes that are sent together: a broker takes a megabyte of records in one batch unless it is set to take more. */
const PART_BYTES = 512 * 1024

function inParts<T extends { readonly key: Buffer; readonly value?: Buffer }>(records: readonly T[]): T[][] {
  const parts: T[][] = []
  let bytes = Infinity
  for (const record of records) {
    const size = record.key.length + (record.value?.length ?? 0)
    if (bytes + size > PART_BYTES) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(record)
    bytes += size
  }
  return parts
}
