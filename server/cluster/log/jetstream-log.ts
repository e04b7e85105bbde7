import type { ConnectionOptions, NatsConnection } from '@nats-io/nats-core'
import type { JetStreamClient, JetStreamManager, StoredMsg, StreamInfo } from '@nats-io/jetstream'
import {
  type Appended,
  type EngineLog,
  type LogEntry,
  LogRefusedError,
  LogSetBackError,
  LogTrimmedError,
} from './contract.ts'
import { streamConfig, streamNames, type StreamNames, streamProblem } from './jetstream-stream.ts'
import { Wakeup } from './wakeup.ts'

const READ_ENTRIES = 64
const READ_BYTES = 4 * 1024 * 1024
/** A lost answer counts as lost after this; the entry may be taken later all the same. */
const TIMEOUT_MS = 5000
/** A connection over which two pings have no answer is made again, as a network may lose packets in silence. */
const PING_MS = 3000
/** Names and headers that a message has besides its entry. */
const HEADER_BYTES = 4096
/** Of NATS's own default, until a server was asked. */
const DEFAULT_MAX_PAYLOAD = 1024 * 1024
/** A read that finds nothing asks the leader of the stream for its end, as often as this. */
const CHECK_END_MS = 1000

/** Error codes of JetStream's API. */
const WRONG_LAST_SEQUENCE = 10071
const STREAM_NOT_FOUND = 10059

export interface JetStreamOptions {
  /** Hosts with their ports. */
  readonly servers: readonly string[]
  /** Credentials and certificates, as the client takes them. */
  readonly access?: Partial<ConnectionOptions>
  /** Copies of a new stream. Default: 3 on a clustered server, otherwise 1. */
  readonly replicas?: number | undefined
}

interface Client {
  readonly connection: NatsConnection
  readonly jetstream: JetStreamClient
  readonly manager: JetStreamManager
}

/**
 * A log in a stream of NATS JetStream: the sequence of a message is its position, and an append is a publication that
 * expects the last sequence of the stream. The client is loaded when it connects.
 */
export class JetStreamLog implements EngineLog {
  readonly #options: JetStreamOptions
  readonly #names: StreamNames
  readonly #wakeup = new Wakeup()
  #acknowledged = 0
  #maxPayload = DEFAULT_MAX_PAYLOAD
  #client: Promise<Client> | undefined
  /** The client whose stream was found to keep everything. */
  #checked: NatsConnection | undefined
  #endChecked = -Infinity
  #isClosed = false

  /** @param name of the log: letters, digits and underscores */
  constructor(options: JetStreamOptions, name: string) {
    if (!/^[a-z0-9_]{1,40}$/.test(name)) throw new Error(`"${name}" is no name of a log`)
    this.#options = options
    this.#names = streamNames(name)
  }

  async create(): Promise<boolean> {
    const { manager, connection } = await this.#connect()
    const { stream } = this.#names
    const found = await manager.streams.info(stream).catch((error: unknown) => {
      if (codeOf(error) === STREAM_NOT_FOUND) return undefined
      throw error
    })
    if (found !== undefined) return false
    const { replicas = isClustered(connection) ? 3 : 1 } = this.#options
    await manager.streams.add(streamConfig(this.#names, replicas))
    return true
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  get maxEntryBytes(): number {
    return this.#maxPayload - HEADER_BYTES
  }

  async append(expected: number, bytes: Uint8Array): Promise<Appended> {
    try {
      const { jetstream } = await this.#useChecked()
      const { stream, entries } = this.#names
      const expect = { streamName: stream, lastSequence: expected }
      const { seq } = await jetstream.publish(entries, bytes, { expect, timeout: TIMEOUT_MS })
      if (seq !== expected + 1)
        throw new LogRefusedError(`the stream ${stream} gave position ${seq} where ${expected + 1} was asked`)
      this.#acknowledge(seq)
      return { kind: 'appended', position: seq }
    } catch (error) {
      if (codeOf(error) === WRONG_LAST_SEQUENCE) return { kind: 'conflict' }
      return { kind: 'unknown', cause: error instanceof Error ? error : new Error(String(error)) }
    }
  }

  async read(from: number): Promise<LogEntry[]> {
    const { manager } = await this.#useChecked()
    const found = await readBatch(manager, this.#names.stream, from)
    const first = found[0]
    if (first === undefined) await this.#checkEnd(manager, from - 1)
    else if (first.seq !== from) throw await this.#missing(manager, from)
    return withoutHoles(found).map(({ seq, data }) => ({ position: seq, bytes: data }))
  }

  async first(): Promise<LogEntry | undefined> {
    const { manager } = await this.#useChecked()
    const { state } = await manager.streams.info(this.#names.stream)
    if (state.messages === 0) return undefined
    const message = await manager.streams.getMessage(this.#names.stream, { seq: state.first_seq })
    return message === null ? undefined : { position: message.seq, bytes: message.data }
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#wakeup.wait(signal)
  }

  async trim(below: number): Promise<void> {
    const { manager } = await this.#useChecked()
    const { state } = await manager.streams.info(this.#names.stream)
    const seq = Math.min(below, state.last_seq)
    if (seq > state.first_seq) await manager.streams.purge(this.#names.stream, { seq })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const open = this.#client
    this.#client = undefined
    this.#wakeup.wake()
    await (await open?.catch(() => undefined))?.connection.close()
  }

  #acknowledge(position: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, position)
    this.#wakeup.wake()
    // Others may apply the entry now. Where this is lost, the entry that follows tells them the same.
    void this.#client
      ?.then(({ connection }) => connection.publish(this.#names.acknowledged, String(position)))
      .catch(() => undefined)
  }

  /** @throws {LogSetBackError} where the leader of the stream has less than it had: a replica may just be late */
  async #checkEnd(manager: JetStreamManager, wanted: number): Promise<void> {
    if (performance.now() - this.#endChecked < CHECK_END_MS) return
    const { state } = await manager.streams.info(this.#names.stream)
    if (state.last_seq < wanted) throw new LogSetBackError(state.last_seq, wanted)
    this.#endChecked = performance.now()
  }

  async #missing(manager: JetStreamManager, position: number): Promise<Error> {
    const { state } = await manager.streams.info(this.#names.stream)
    if (position < state.first_seq) return new LogTrimmedError(`position ${position} was trimmed`)
    return new LogRefusedError(`the stream ${this.#names.stream} has lost its message ${position}`)
  }

  /** Connects, and checks once for each connection that the stream keeps everything. */
  async #useChecked(): Promise<Client> {
    const client = await this.#connect()
    if (this.#checked === client.connection) return client
    const { stream } = this.#names
    const info = await client.manager.streams.info(stream)
    this.#check(client.connection, info)
    this.#checked = client.connection
    return client
  }

  #check(connection: NatsConnection, info: StreamInfo): void {
    const facts = { version: connection.info?.version ?? '0', isClustered: isClustered(connection) }
    const problem = streamProblem(info, facts, this.#names)
    if (problem !== undefined) throw new LogRefusedError(problem)
    const { max_msg_size: limit } = info.config
    const payload = connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD
    this.#maxPayload = limit > 0 ? Math.min(limit, payload) : payload
  }

  #connect(): Promise<Client> {
    this.#client ??= this.#open().catch((error: unknown) => {
      this.#client = undefined
      throw error
    })
    return this.#client
  }

  async #open(): Promise<Client> {
    if (this.#isClosed) throw new Error('the log is closed')
    const [{ connectNats }, { jetstream, jetstreamManager }] = await Promise.all([
      import('../../../replicator/streams/nats-transport.ts'),
      import('@nats-io/jetstream'),
    ])
    const { servers, access } = this.#options
    const connection = await connectNats({
      ...access,
      servers: [...servers],
      name: 'couchette',
      timeout: TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: PING_MS,
    })
    void connection.closed().then(() => (this.#client = undefined))
    connection.subscribe(this.#names.acknowledged, {
      callback: (error, message) => {
        if (error === null) this.#acknowledged = Math.max(this.#acknowledged, Number(message.string()))
        this.#wakeup.wake()
      },
    })
    const options = { timeout: TIMEOUT_MS }
    const manager = await jetstreamManager(connection, { ...options, checkAPI: false })
    return { connection, manager, jetstream: jetstream(connection, options) }
  }
}

/** Reads messages from a sequence on from any replica; none at the end. */
function readBatch(manager: JetStreamManager, stream: string, from: number): Promise<StoredMsg[]> {
  return new Promise((resolve, reject) => {
    const found: StoredMsg[] = []
    let stop: () => void = () => undefined
    let isEnded = false
    const end = (error?: Error): void => {
      if (isEnded) return
      isEnded = true
      clearTimeout(timer)
      stop()
      // 404 is the end of the stream. What came before a failure is whole.
      if (error === undefined || found.length > 0 || codeOf(error) === 404) resolve(found)
      else reject(error)
    }
    // A connection that is lost ends no batch.
    const timer = setTimeout(() => end(new Error('the log did not answer')), TIMEOUT_MS)
    const limits = { batch: READ_ENTRIES, max_bytes: READ_BYTES }
    const callback = (done: { err?: Error } | null, message: StoredMsg): void => {
      if (done !== null) end(done.err)
      else found.push(message)
    }
    manager.direct.getBatch(stream, { seq: from, ...limits, callback }).then(iterator => {
      stop = () => iterator.stop()
    }, end)
  })
}

/** Returns messages up to the first that is missing; the next read says why it is. */
function withoutHoles(found: readonly StoredMsg[]): readonly StoredMsg[] {
  const end = found.findIndex(({ seq }, index) => index > 0 && seq !== found[index - 1]!.seq + 1)
  return end < 0 ? found : found.slice(0, end)
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

function isClustered(connection: NatsConnection): boolean {
  return connection.info?.cluster !== undefined
}
