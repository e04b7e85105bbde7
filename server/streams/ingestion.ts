import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import { CouchError, fail } from '../../protocol/errors.ts'
import { BadEvent } from '../../protocol/streams/bad-event.ts'
import { parseEvent } from '../../protocol/streams/envelope.ts'
import type { EventSource } from '../../protocol/streams/event-source.ts'
import { documentChanges, type DocumentChange, type RowMapping } from '../../protocol/streams/row-changes.ts'
import type { IdTemplate } from '../../protocol/streams/id-template.ts'
import type { StreamFormat } from '../../protocol/streams/stream-endpoint.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import type { DocumentEdit } from '../database/documents/edit.ts'
import { parseDocumentEvent } from './document-events.ts'
import { checkRoom, failedEvent } from './failed-events.ts'
import type { IncomingEvent, IngestResult } from './ingested.ts'
import { RowVersions } from './row-versions.ts'
import { truncateRows } from './truncation.ts'

/** Options of taking events into a database. */
export interface IngestOptions {
  /** Of rows; a template is no must for the format `document`. */
  readonly mapping: Omit<RowMapping, 'template'> & { readonly template: IdTemplate | undefined }
  /** Default: `debezium`, which CloudEvents are told from. */
  readonly format?: StreamFormat
  readonly user: UserContext
  readonly limits: DocumentLimits
  /** The most failed events that a database keeps. */
  readonly maxFailures: number
  /** Written in the commit of the events: the offset behind them. */
  readonly locals?: readonly LocalEdit[]
  /** Deletes the documents of a table that was truncated, instead of refusing the event. Default: false. */
  readonly deletesTruncated?: boolean
  /** Throws the failure of an event instead of listing it. Default: false. */
  readonly stopsOnError?: boolean
}

type Read =
  | { readonly kind: 'row'; readonly source: EventSource; readonly changes: readonly DocumentChange[] }
  | { readonly kind: 'revision'; readonly edit: DocumentEdit }
  | { readonly kind: 'truncate'; readonly source: EventSource }
  | (IngestResult & { readonly kind: 'skipped' })

/** A batch has an event that is a commit of its own. */
class NotTogether extends Error {}

/** Databases whose rows are being written; the versions of a row follow one another. */
const busy = new WeakMap<Database, Promise<unknown>>()

/** Runs work on a database's rows when that before it has ended. */
export function withRows<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const before = busy.get(database) ?? Promise.resolve()
  const done = before.then(work)
  busy.set(
    database,
    done.catch(() => undefined),
  )
  return done
}

/**
 * Takes events into a database, in their order: each is stored, or stands in the list of failed events, when this resolves.
 *
 * @throws CouchError where the database takes no events, and what makes writes fail for now; then nothing is stored, or the
 *   events before the one that failed: they are recognised when they come again
 */
export async function ingest(
  database: Database,
  events: readonly IncomingEvent[],
  options: IngestOptions,
): Promise<IngestResult[]> {
  if (database.rules !== undefined || database.name.startsWith('_'))
    throw fail('badRequest', 'system databases take no events')
  return withRows(database, () => ingestInTurn(database, events, options))
}

async function ingestInTurn(
  database: Database,
  events: readonly IncomingEvent[],
  options: IngestOptions,
): Promise<IngestResult[]> {
  try {
    return await ingestTogether(database, events, options)
  } catch (error) {
    if (!isOfOneEvent(error) && !(error instanceof NotTogether)) throw error
    // One of them is refused: each by itself, so that the others are not.
    return ingestEach(database, events, options)
  }
}

/** @throws what refuses any of the events */
async function ingestTogether(
  database: Database,
  events: readonly IncomingEvent[],
  options: IngestOptions,
): Promise<IngestResult[]> {
  const read = events.map(event => readEvent(event, options))
  const truncated = read.find(one => one.kind === 'truncate')
  if (truncated !== undefined) {
    if (events.length > 1) throw new NotTogether()
    return [await truncateRows(database, truncated.source, options)]
  }
  const versions = new RowVersions(database, options.limits)
  await versions.load(
    read.flatMap(one =>
      one.kind === 'row' ? one.changes.map(({ id }) => ({ source: one.source, id })) : [],
    ),
  )
  const results = read.map(one => take(one, versions))
  const { edits } = versions
  const locals = [...versions.locals, ...(options.locals ?? [])]
  if (edits.length > 0 || locals.length > 0)
    await database.write({ kind: 'write_rows', edits, locals, user: options.user })
  return results
}

async function ingestEach(
  database: Database,
  events: readonly IncomingEvent[],
  options: IngestOptions,
): Promise<IngestResult[]> {
  const results: IngestResult[] = []
  const { locals: _, ...without } = options
  for (const [index, event] of events.entries()) {
    const own = index === events.length - 1 ? options : without
    results.push(await ingestOne(database, event, own))
  }
  return results
}

async function ingestOne(
  database: Database,
  event: IncomingEvent,
  options: IngestOptions,
): Promise<IngestResult> {
  try {
    const [result] = await ingestTogether(database, [event], options)
    return result!
  } catch (error) {
    if (!isOfOneEvent(error) || options.stopsOnError === true) throw error
    await checkRoom(database, options.maxFailures)
    const { failure, edit } = failedEvent(event, error)
    await database.write({
      kind: 'write_rows',
      edits: [],
      locals: [edit, ...(options.locals ?? [])],
      user: options.user,
    })
    return { kind: 'failed', failure, error: error.error, reason: error.reason }
  }
}

function take(read: Read, versions: RowVersions): IngestResult {
  switch (read.kind) {
    case 'row':
      return { kind: 'done', changes: read.changes.map(change => versions.take(change, read.source)) }
    case 'revision':
      return { kind: 'done', changes: [versions.takeRevision(read.edit)] }
    case 'skipped':
      return read
    case 'truncate':
      throw new NotTogether()
  }
}

/** @throws BadEvent */
function readEvent({ event, topic = '' }: IncomingEvent, options: IngestOptions): Read {
  const { mapping, format, limits, deletesTruncated = false } = options
  if ('invalid' in event) throw new BadEvent('invalid_json', 'the event is no JSON')
  const { template } = mapping
  if (format === 'document') {
    const read = parseDocumentEvent(event, { topic, template, limits })
    return read.kind === 'tombstone' ? { kind: 'skipped', reason: 'tombstone' } : read
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
      return { kind: 'row', source: read.source, changes: documentChanges(read, { ...mapping, template }) }
  }
}

/** Returns whether an event is refused for what it is, so that it would be the next time too. */
export function isOfOneEvent(error: unknown): error is BadEvent | CouchError {
  return (
    error instanceof BadEvent || (error instanceof CouchError && error.status < 500 && error.status !== 429)
  )
}
