import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import { type DocId, isDesignId, isLocalId, parseDocId } from '../../protocol/document-id.ts'
import { CouchError } from '../../protocol/errors.ts'
import { BadEvent } from '../../protocol/streams/bad-event.ts'
import { DecimalRoom } from '../../protocol/streams/column-values.ts'
import { contentDigest } from '../../protocol/streams/content-digest.ts'
import { parseEvent, type SkipReason } from '../../protocol/streams/envelope.ts'
import type { EventSource } from '../../protocol/streams/event-source.ts'
import { printExact } from '../../protocol/streams/exact-json.ts'
import type { IdTemplate } from '../../protocol/streams/id-template.ts'
import { documentChanges, type DocumentChange, type RowMapping } from '../../protocol/streams/row-changes.ts'
import type { StreamFormat } from '../../protocol/streams/stream-endpoint.ts'
import { TimeSlice } from '../concurrency/time-slice.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import { parseDocumentEvent } from './document-events.ts'
import type { IncomingEvent } from './ingested.ts'
import { rowBodies } from './row-bodies.ts'
import { stateId } from './row-state.ts'

/** Options of reading events. */
export interface ReadOptions {
  /** Of rows; a template is no must for the format `document`. */
  readonly mapping: Omit<RowMapping, 'template'> & { readonly template: IdTemplate | undefined }
  /** Default: `debezium`, which CloudEvents are told from. */
  readonly format?: StreamFormat
  readonly limits: DocumentLimits
  /** Deletes the documents of a table that was truncated, instead of refusing the event. Default: false. */
  readonly deletesTruncated?: boolean
}

/** A change of a document, with all that can be computed without its database. */
export type PreparedChange = {
  readonly id: DocId
  /** Id of the `_local` document of the row's state. */
  readonly row: DocId
} & (
  | {
      readonly kind: 'write'
      /** `contentDigest` of the members. */
      readonly digest: string
      readonly body: Uint8Array
      readonly term: Uint8Array
    }
  /** It leaves members as they are, and so needs the present ones. */
  | { readonly kind: 'partial'; readonly change: Exclude<DocumentChange, { kind: 'delete' }> }
  | { readonly kind: 'delete' }
)

/** An event that was read. */
export type PreparedEvent =
  | { readonly kind: 'row'; readonly source: EventSource; readonly changes: readonly PreparedChange[] }
  | { readonly kind: 'revision'; readonly edit: DocumentEdit }
  | { readonly kind: 'truncate'; readonly source: EventSource }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  | { readonly kind: 'refused'; readonly error: BadEvent | CouchError }

/** Events that were read, in their order. */
export interface PreparedEvents {
  readonly read: readonly PreparedEvent[]
  /** Returns an event as it came, for the list of failed ones. */
  readonly original: (index: number) => IncomingEvent
}

/** Events of which the bodies are computed together; small enough for the memory that is collected often. */
const AT_A_TIME = 100

/** Reads events, which needs nothing of the database: it is done while those before them are being written. */
export async function prepareEvents(
  count: number,
  original: (index: number) => IncomingEvent,
  options: ReadOptions,
): Promise<PreparedEvents> {
  const read: PreparedEvent[] = []
  const slice = new TimeSlice()
  const room = new DecimalRoom()
  for (let at = 0; at < count; at += AT_A_TIME) {
    if (slice.isOver) await slice.pause()
    const part = new Preparation(options, room)
    for (let index = at; index < Math.min(at + AT_A_TIME, count); index++) part.add(original(index))
    part.finish(read)
  }
  return { read, original }
}

/** Returns events from one place up to another. */
export function partOf({ read, original }: PreparedEvents, from: number, to: number): PreparedEvents {
  if (from === 0 && to >= read.length) return { read, original }
  return { read: read.slice(from, to), original: index => original(from + index) }
}

/** A write whose body is computed with others. */
interface PendingWrite {
  readonly event: number
  readonly change: { -readonly [Name in 'body' | 'term']: Uint8Array }
}

const NOTHING = new Uint8Array()

class Preparation {
  readonly #options: ReadOptions
  readonly #room: DecimalRoom
  readonly #events: PreparedEvent[] = []
  readonly #texts: string[] = []
  readonly #pending: PendingWrite[] = []

  constructor(options: ReadOptions, room: DecimalRoom) {
    this.#options = options
    this.#room = room
  }

  add(event: IncomingEvent): void {
    try {
      this.#events.push(this.#read(event))
    } catch (error) {
      if (!isOfOneEvent(error)) throw error
      this.#events.push({ kind: 'refused', error })
    }
  }

  /** Appends the events. */
  finish(read: PreparedEvent[]): void {
    for (const [index, body] of rowBodies(this.#texts, this.#options.limits).entries()) {
      const { event, change } = this.#pending[index]!
      if (body instanceof CouchError) this.#events[event] = { kind: 'refused', error: body }
      else Object.assign(change, body)
    }
    read.push(...this.#events)
  }

  /** @throws BadEvent, and what the limits on documents refuse */
  #read(incoming: IncomingEvent): PreparedEvent {
    const { mapping, format, limits, deletesTruncated = false } = this.#options
    const { event } = incoming
    if ('invalid' in event) throw new BadEvent('invalid_json', 'the event is no JSON')
    const { template, types } = mapping
    if (format === 'document') {
      const read = parseDocumentEvent(event, { topic: incoming.topic ?? '', template, limits })
      if (read.kind === 'tombstone') return { kind: 'skipped', reason: 'tombstone' }
      return read.kind === 'row' ? this.#row(read.source, read.changes) : read
    }
    if (template === undefined) throw new BadEvent('missing_key', 'there is no template of ids')
    const read = parseEvent(event)
    switch (read.kind) {
      case 'skip':
        return { kind: 'skipped', reason: read.reason }
      case 'truncate':
        if (deletesTruncated) return read
        throw new BadEvent(
          'truncate_refused',
          `${read.source.name} was truncated: its documents are left as they are`,
        )
      case 'row':
        return this.#row(read.source, documentChanges(read, { template, types, room: this.#room }), template)
    }
  }

  #row(source: EventSource, changes: readonly DocumentChange[], template?: IdTemplate): PreparedEvent {
    const { maxIdBytes } = this.#options.limits
    const ids = changes.map(({ id }) => documentId(id, maxIdBytes))
    if (template !== undefined) for (const id of ids) checkDesignId(id, template)
    return {
      kind: 'row',
      source,
      changes: changes.map((change, index) => this.#change(source.name, ids[index]!, change)),
    }
  }

  #change(source: string, id: DocId, change: DocumentChange): PreparedChange {
    const row = stateId(source, id)
    if (change.kind === 'delete') return { kind: 'delete', id, row }
    if (change.kind === 'patch' || change.keep.length > 0) return { kind: 'partial', id, row, change }
    const { members } = change
    const digest = contentDigest(members)
    const write = { kind: 'write', id, row, digest, body: NOTHING, term: NOTHING } as const
    this.#texts.push(printExact(members))
    this.#pending.push({ event: this.#events.length, change: write })
    return write
  }
}

/** Returns the id of a row's document. @throws BadEvent, `illegal_docid` */
export function documentId(text: string, maxIdBytes: number | undefined): DocId {
  const id = parseDocId(text, maxIdBytes)
  if (isLocalId(id)) throw new BadEvent('missing_key', `${id} is no id of a row`)
  return id
}

/**
 * Refuses a row whose columns make a design document's id: whoever may choose a key there would choose functions here. A template
 * that begins with "_design/" means it.
 *
 * @throws BadEvent `missing_key`
 */
function checkDesignId(id: DocId, { parts: [first] }: IdTemplate): void {
  if (!isDesignId(id) || (first !== undefined && 'literal' in first && isDesignId(first.literal))) return
  throw new BadEvent('missing_key', `${id} is the id of a design document, and the template names none`)
}

/** Returns whether an event is refused for what it is, so that it would be the next time too. */
export function isOfOneEvent(error: unknown): error is BadEvent | CouchError {
  return (
    error instanceof BadEvent || (error instanceof CouchError && error.status < 500 && error.status !== 429)
  )
}
