import { BadEvent } from '../../protocol/streams/bad-event.ts'
import {
  outgoingEvents,
  type OutgoingEvent,
  type OutgoingOptions,
} from '../../protocol/streams/outgoing-events.ts'
import { PeerError } from '../peer-error.ts'
import type {
  DatabaseInfo,
  MissingRevisions,
  OpenedRevision,
  Peer,
  PeerLocalDocument,
  WriteFailure,
} from '../peer.ts'
import type { OutgoingMessage, StreamWriter } from './contract.ts'
import { firstPart } from './first-part.ts'
import { StreamPeer } from './stream-peer.ts'

/** Parts of a sink. */
export interface SinkOptions {
  readonly url: string
  readonly writer: StreamWriter
  /** The database that is read: the checkpoint of both sides is kept there. */
  readonly source: Peer
  readonly events: Omit<OutgoingOptions, 'now' | 'expectsEcho'>
  /** Is part of message ids: the same revision in another form is another message. */
  readonly form: string
  /** Called with events before they are sent, so that they are recognised when they come back. */
  readonly sending?: (events: readonly OutgoingEvent[]) => Promise<void>
}

/** A stream as the target of a replication: each revision that comes is an event. */
export class SinkPeer extends StreamPeer {
  readonly #options: SinkOptions
  #identity: string | undefined

  constructor(options: SinkOptions) {
    super(options.url)
    this.#options = options
  }

  override get masked(): readonly number[] | undefined {
    return this.#options.events.mask?.counts
  }

  override async info(signal: AbortSignal): Promise<DatabaseInfo> {
    this.#identity ??= await this.#options.writer.open(signal)
    return { updateSeq: 0, instanceStartTime: this.#identity, documents: 1, deletedDocuments: 0 }
  }

  override revsDiff(
    changes: readonly { readonly id: string; readonly revs: readonly string[] }[],
  ): Promise<MissingRevisions[]> {
    return Promise.resolve(changes.map(({ id, revs }) => ({ id, revs, possibleAncestors: [] })))
  }

  override async bulkDocs(documents: readonly Uint8Array[], signal: AbortSignal): Promise<WriteFailure[]> {
    const { events: form, sending } = this.#options
    const options = { ...form, now: Date.now(), expectsEcho: sending !== undefined }
    const events: OutgoingEvent[] = []
    const failures: WriteFailure[] = []
    for (const json of documents) {
      try {
        events.push(...outgoingEvents(json, options))
      } catch (error) {
        failures.push(failureOf(error, json))
      }
    }
    await this.#send(events, signal)
    return failures
  }

  /** A document with attachments: their data do not go into the stream. */
  override async put(
    _id: string,
    document: OpenedRevision,
    signal: AbortSignal,
  ): Promise<WriteFailure | null> {
    if (document.kind === 'missing') return null
    const json = document.kind === 'document' ? document.json : await firstPart(document)
    const [failure] = await this.bulkDocs([json], signal)
    return failure ?? null
  }

  async #send(events: readonly OutgoingEvent[], signal: AbortSignal): Promise<void> {
    if (events.length === 0) return
    await this.#options.sending?.(events)
    const messages = events.map(event => this.#message(event))
    await this.#options.writer.publish(messages, signal)
    this.moved.sent += messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
  }

  #message({ id, rev, key, value }: OutgoingEvent): OutgoingMessage {
    const { events, form } = this.#options
    return {
      id,
      key,
      value,
      messageId: `${events.database}:${form}:${id}:${rev}${value === null ? ':end' : ''}`,
    }
  }

  override getLocal(id: string, signal: AbortSignal): Promise<PeerLocalDocument | null> {
    return this.#options.source.getLocal(sinkId(id), signal)
  }

  override putLocal(id: string, body: object, rev: string | undefined, signal: AbortSignal): Promise<string> {
    return this.#options.source.putLocal(sinkId(id), body, rev, signal)
  }

  override ensureFullCommit(): Promise<string> {
    return Promise.resolve(this.#identity ?? '')
  }

  override close(): Promise<void> {
    return this.#options.writer.close()
  }
}

function sinkId(id: string): string {
  return `${id}-sink`
}

function failureOf(error: unknown, json: Uint8Array): WriteFailure {
  if (!(error instanceof BadEvent)) throw error
  const { _id, _rev } = JSON.parse(Buffer.from(json).toString()) as Record<string, unknown>
  if (typeof _id !== 'string') throw new PeerError('bad_document', 'a document without an id')
  return {
    id: _id,
    rev: typeof _rev === 'string' ? _rev : '',
    status: 400,
    error: error.error,
    reason: error.reason,
  }
}
