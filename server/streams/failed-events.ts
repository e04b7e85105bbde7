import { randomBytes } from 'node:crypto'
import { asDocId } from '../../protocol/document-id.ts'
import { type CouchError, fail } from '../../protocol/errors.ts'
import { isExactObject, parseExact, printExact } from '../../protocol/streams/exact-json.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { listLocalDocuments } from '../database/documents/local-documents.ts'
import type { IncomingEvent } from './ingested.ts'

const PREFIX = '_local/stream-failure:'
const DELETED_AT_A_TIME = 1000

/** A failed event as it is listed. */
export interface FailedEvent {
  readonly failure: string
  readonly at: string
  readonly error: string
  readonly reason: string
  readonly topic?: string
  readonly offset?: string
  readonly key?: unknown
  readonly value?: unknown
}

/** Failures that this process has listed: those of one millisecond stay in their order. */
let made = 0

/** The failed event's record, to be written in the commit of the events around it. Ids are in the order of time. */
export function failedEvent(
  { event, topic, offset }: IncomingEvent,
  { error, reason }: { readonly error: string; readonly reason: string },
): { readonly failure: string; readonly edit: LocalEdit } {
  const now = new Date()
  const order = String((made = (made + 1) % 1_000_000)).padStart(6, '0')
  const failure = `${String(now.getTime()).padStart(15, '0')}-${order}${randomBytes(4).toString('hex')}`
  const members = [
    ...Object.entries({ failure, at: now.toISOString(), error, reason, topic, offset })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`),
    ...('invalid' in event ? [`"text":${JSON.stringify(event.invalid)}`] : []),
    ...('value' in event ? [`"value":${printExact(event.value)}`] : []),
    ...('key' in event && event.key !== undefined ? [`"key":${printExact(event.key)}`] : []),
  ]
  const body = Buffer.from(`{${members.join(',')}}`)
  return { failure, edit: { id: asDocId(`${PREFIX}${failure}`), rev: undefined, deleted: false, body } }
}

/**
 * Returns failed events as JSON texts, the oldest first.
 *
 * @param after the failure behind which the list begins
 */
export async function listFailedEvents(
  database: Database,
  options: { readonly after?: string; readonly limit: number },
): Promise<Buffer[]> {
  const { after, limit } = options
  const listed = await listLocalDocuments(database, PREFIX, {
    limit,
    ...(after === undefined ? {} : { after: PREFIX + after }),
  })
  return listed.map(({ body }) => Buffer.from(body))
}

/** Returns whether a database may have so many failed events more. */
export async function hasRoom(database: Database, most: number, more: number): Promise<boolean> {
  const listed = await listLocalDocuments(database, PREFIX, { limit: most })
  return listed.length + more <= most
}

/**
 * Refuses more failures than an operator would look at: whoever sends them has to wait.
 *
 * @throws `tooManyFailedEvents`
 */
export async function checkRoom(database: Database, most: number): Promise<void> {
  if (!(await hasRoom(database, most, 1))) throw noRoom(most)
}

/** Returns the error of a database that has its most failed events. */
export function noRoom(most: number): CouchError {
  return fail('tooManyFailedEvents', String(most))
}

/** A failed event with what it was, to be tried again. */
export interface StoredFailure {
  readonly failure: string
  readonly event: IncomingEvent
  /** Takes it off the list, in the commit of what it became. */
  readonly removal: LocalEdit
}

/**
 * Reads failed events, the oldest first.
 *
 * @param failure one of them; without it those behind `after`
 */
export async function readFailedEvents(
  database: Database,
  {
    failure = '',
    after,
    limit,
  }: { readonly failure?: string | undefined; readonly after?: string | undefined; readonly limit: number },
): Promise<StoredFailure[]> {
  const behind = after === undefined ? {} : { after: PREFIX + after }
  const listed = await listLocalDocuments(database, PREFIX + failure, { limit, ...behind })
  return listed.flatMap(({ id, body }) => {
    const members = parseExact(body)
    if (!isExactObject(members)) return []
    const [key, value, text, topic, offset] = ['key', 'value', 'text', 'topic', 'offset'].map(name =>
      members.get(name),
    )
    const raw = { value: value ?? null, ...(key === undefined ? {} : { key }) }
    const event: IncomingEvent = {
      event: typeof text === 'string' ? { invalid: text } : raw,
      ...(typeof topic === 'string' ? { topic } : {}),
      ...(typeof offset === 'string' ? { offset } : {}),
    }
    const removal = { id, rev: undefined, deleted: true, body: new Uint8Array() }
    return [{ failure: id.slice(PREFIX.length), event, removal }]
  })
}

/**
 * Removes one failed event, or all.
 *
 * @returns how many there were
 * @throws `missing`
 */
export async function clearFailedEvents(database: Database, failure?: string): Promise<number> {
  let cleared = 0
  for (;;) {
    const listed = await listLocalDocuments(database, PREFIX + (failure ?? ''), { limit: DELETED_AT_A_TIME })
    const edits = listed.map(({ id }) => ({ id, rev: undefined, deleted: true, body: new Uint8Array() }))
    if (edits.length === 0) break
    await database.write({ kind: 'edit_local_documents', edits })
    cleared += edits.length
  }
  if (failure !== undefined && cleared === 0) throw fail('missing')
  return cleared
}
