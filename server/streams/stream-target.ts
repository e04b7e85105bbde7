import { createHash } from 'node:crypto'
import { asDocId, type DocId } from '../../protocol/document-id.ts'
import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import { CouchError } from '../../protocol/errors.ts'
import { BadEvent } from '../../protocol/streams/bad-event.ts'
import { rawEvent } from '../../protocol/streams/envelope.ts'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import type { StreamGap, StreamMessage, StreamPosition } from '../../replicator/streams/contract.ts'
import type { StreamTarget, TakenMessages } from '../../replicator/streams/stream-run.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { readLocalDocument } from '../database/documents/local-documents.ts'
import { failedEvent, FailureRoom } from './failed-events.ts'
import type { IncomingEvent, IngestResult } from './ingested.ts'
import { ingest } from './ingestion.ts'
import { partOf, type PreparedEvents, prepareEvents } from './prepared-events.ts'

/** A database of this server as the target of a stream. */
export interface StreamDatabaseOptions {
  readonly endpoint: StreamEndpoint
  readonly open: () => Promise<Database>
  /** Returns the user as it stands now. @throws CouchError if it may not write there any more */
  readonly user: (database: Database) => Promise<UserContext>
  readonly limits: () => DocumentLimits
  readonly maxFailures: () => number
}

/** Messages that are one commit. */
const AT_A_TIME = 1000

/** Writes the messages of a stream into a database, each commit with the place behind its messages. */
export class StreamDatabase implements StreamTarget<PreparedEvents> {
  readonly #options: StreamDatabaseOptions

  constructor(options: StreamDatabaseOptions) {
    this.#options = options
  }

  async position(): Promise<StreamPosition | undefined> {
    const database = await this.#open()
    const stored = await readLocalDocument(database, offsetId(this.#options.endpoint))
    if (stored === undefined) return undefined
    const { position } = JSON.parse(Buffer.from(stored.body).toString()) as { position?: unknown }
    return isPosition(position) ? position : undefined
  }

  prepare(messages: readonly StreamMessage[]): Promise<PreparedEvents> {
    const { endpoint, limits } = this.#options
    return prepareEvents(messages.length, index => new MessageEvent(messages[index]!), {
      mapping: { template: endpoint.id, types: endpoint.types },
      format: endpoint.format,
      limits: limits(),
      deletesTruncated: endpoint.onTruncate === 'delete',
    })
  }

  async take(events: PreparedEvents, position: StreamPosition): Promise<TakenMessages> {
    const failures: WriteFailure[] = []
    const count = events.read.length
    let [written, duplicates] = [0, 0]
    for (let at = 0; at < count; at += AT_A_TIME) {
      const part = partOf(events, at, Math.min(at + AT_A_TIME, count))
      const isLast = at + AT_A_TIME >= count
      const results = await this.#ingest(part, isLast ? [offsetEdit(this.#options.endpoint, position)] : [])
      failures.push(...results.flatMap((result, index) => failuresOf(result, () => part.original(index))))
      const repeated = results.filter(isDuplicate).length
      duplicates += repeated
      written += results.filter(({ kind }) => kind === 'done').length - repeated
    }
    return { failures, written, duplicates }
  }

  async #ingest(events: PreparedEvents, locals: readonly LocalEdit[]): Promise<IngestResult[]> {
    const { endpoint, limits, maxFailures } = this.#options
    const database = await this.#open()
    const user = await this.#user(database)
    const options = {
      limits: limits(),
      maxFailures: maxFailures(),
      stopsOnError: endpoint.onError === 'stop',
      user,
      locals,
    }
    try {
      return await ingest(database, events, options)
    } catch (error) {
      if (error instanceof BadEvent || (error instanceof CouchError && error.status < 500))
        throw new PeerError('event_refused', `${error.error}: ${error.reason}; on_error says to stop there`)
      throw asPeerError(error)
    }
  }

  async noteGap({ topic, reason }: StreamGap): Promise<WriteFailure> {
    const database = await this.#open()
    const failed = { error: 'stream_gap', reason }
    const room = new FailureRoom(database, this.#options.maxFailures())
    if (!(await room.has(1))) throw room.error
    const { edit } = failedEvent({ event: { value: null }, topic }, failed)
    const user = await this.#user(database)
    await database.write({ kind: 'write_rows', edits: [], locals: [edit], user })
    return { id: topic, rev: '', status: 410, ...failed }
  }

  #open(): Promise<Database> {
    return this.#options.open().catch((error: unknown) => {
      throw asPeerError(error)
    })
  }

  #user(database: Database): Promise<UserContext> {
    return this.#options.user(database).catch((error: unknown) => {
      throw asPeerError(error)
    })
  }
}

function asPeerError(error: unknown): Error {
  if (!(error instanceof CouchError)) return error instanceof Error ? error : new Error(String(error))
  const { status, reason } = error
  return new PeerError(error.error, reason, { status, transient: status >= 500, cause: error })
}

/** A message as an event; where it came from is asked for of those that fail. */
class MessageEvent implements IncomingEvent {
  readonly event: IncomingEvent['event']
  readonly #message: StreamMessage

  constructor(message: StreamMessage) {
    this.#message = message
    this.event = parsedMessage(message)
  }

  get topic(): string {
    return this.#message.topic
  }

  get offset(): string {
    return this.#message.offset
  }
}

function parsedMessage({ key, value }: StreamMessage): IncomingEvent['event'] {
  try {
    return rawEvent(key, value)
  } catch {
    return { invalid: Buffer.from(value ?? []).toString() }
  }
}

function isDuplicate(result: IngestResult): boolean {
  return result.kind === 'done' && result.changes.every(({ outcome }) => outcome === 'duplicate')
}

function failuresOf(result: IngestResult, original: () => IncomingEvent): WriteFailure[] {
  if (result.kind !== 'failed') return []
  const { topic = '', offset = '' } = original()
  const { error, reason } = result
  return [{ id: `${topic}@${offset}`, rev: '', status: 400, error, reason }]
}

/** Under the stream and the consumer's name: a job that is made again goes on where the one before was. */
function offsetId({ broker, servers, stream = '', subject, consumer }: StreamEndpoint): DocId {
  const digest = createHash('sha256')
    .update(JSON.stringify([broker, servers, stream, subject]))
    .digest('base64url')
  return asDocId(`_local/stream-offset:${digest.slice(0, 12)}:${consumer}`)
}

function offsetEdit(endpoint: StreamEndpoint, position: StreamPosition): LocalEdit {
  const { broker, stream, subject, consumer } = endpoint
  const body = Buffer.from(JSON.stringify({ broker, stream, subject, consumer, position }))
  return { id: offsetId(endpoint), rev: undefined, deleted: false, body }
}

function isPosition(value: unknown): value is StreamPosition {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every(part => typeof part === 'string')
}
