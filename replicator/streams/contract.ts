/** A message as a broker gives it. */
export interface StreamMessage {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly topic: string
  readonly offset: string
}

/** A place in a stream, which is stored with the documents that came before it; its members are the broker's. */
export type StreamPosition = Readonly<Record<string, string>>

/** Messages that came together, and the place behind them. */
export interface StreamBatch {
  readonly messages: readonly StreamMessage[]
  readonly position: StreamPosition
}

/** Messages that were there and are gone: a stored place is out of the stream's retention, or in another stream. */
export interface StreamGap {
  readonly topic: string
  readonly reason: string
}

/** A stream that is read. */
export interface StreamReader {
  /**
   * Opens it.
   *
   * @param position the place to go on from; undefined for the beginning
   * @returns the gaps between that place and the first message that is left
   * @throws PeerError where the broker is away, refuses, or has no such stream
   */
  open(position: StreamPosition | undefined, signal: AbortSignal): Promise<readonly StreamGap[]>
  /** Returns messages as they come, in batches; a reader that is not continuous ends where the stream ended when it was opened. */
  read(options: { readonly continuous: boolean }, signal: AbortSignal): AsyncIterable<StreamBatch>
  /** Returns how many messages follow those that were read; null where the broker does not say. */
  pending(): Promise<number | null>
  /** Idempotent. */
  close(): Promise<void>
}

/** A message for a broker. */
export interface OutgoingMessage {
  readonly id: string
  readonly key: string
  /** An id by which the broker recognises a message that is sent again. */
  readonly messageId: string
  readonly value: string | null
}

/** A stream that is written. */
export interface StreamWriter {
  /**
   * Opens it.
   *
   * @returns a text that differs for a stream that was made again
   * @throws PeerError
   */
  open(signal: AbortSignal): Promise<string>
  /** Sends messages in their order; resolves when the broker has stored all of them. @throws PeerError */
  publish(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}

/** Most bytes that a broker may send before there is something that its client can hand over. */
export interface BrokerLimits {
  /** Of a message of NATS, or an answer of Kafka. */
  readonly messageBytes: number
  /** Of a line of NATS's protocol. */
  readonly lineBytes: number
}

/** Credentials and settings of a broker's client. */
export interface BrokerAccess {
  readonly limits: BrokerLimits
  readonly username?: string
  readonly password?: string
  readonly token?: string
  /** Content of a NATS credentials file. */
  readonly creds?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly rejectUnauthorized: boolean
  readonly timeoutMs: number
  /** Milliseconds between two looks for new partitions of a topic that is read. */
  readonly partitionCheckMs: number
  /** Bytes of messages that are read ahead. */
  readonly queueBytes: number
  /** @throws PeerError where the settings do not let replications reach a server ("host:port") */
  readonly checkHost: (server: string) => Promise<void>
}
