import { randomBytes } from 'node:crypto'
import { asDocId } from '../../protocol/document-id.ts'
import { type CouchError, fail } from '../../protocol/errors.ts'
import { isExactObject, parseExact, printExact } from '../../protocol/streams/exact-json.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { listLocalDocuments, listLocalIds } from '../database/documents/local-documents.ts'
import type { LocalDocument } from '../database/documents/local-record.ts'
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

/** A part of the list of failed events, the oldest first. */
export interface FailurePage<Row> {
  readonly rows: readonly Row[]
  /** The failure behind which the list goes on; undefined at its end. */
  readonly after: string | undefined
}

export interface FailureRange {
  /** The failure behind which the list begins. */
  readonly after?: string | undefined
  readonly limit: number
}

/** Returns failed events as JSON texts: fewer than the limit where they are large. */
export async function listFailedEvents(
  database: Database,
  range: FailureRange,
): Promise<FailurePage<Buffer>> {
  const listed = await readFailures(database, PREFIX, range)
  return {
    rows: listed.map(({ body }) => Buffer.from(body)),
    after: await endOf(database, listed),
  }
}

function readFailures(database: Database, prefix: string, { after, limit }: FailureRange) {
  return listLocalDocuments(database, prefix, { limit, after: after === undefined ? after : PREFIX + after })
}

/** Returns the last failure of a list; undefined where none follows it. */
async function endOf(
  database: Database,
  listed: readonly { readonly id: string }[],
): Promise<string | undefined> {
  const last = listed.at(-1)?.id
  if (last === undefined) return undefined
  const following = await listLocalIds(database, PREFIX, { after: last, limit: 1 })
  return following.length === 0 ? undefined : last.slice(PREFIX.length)
}

/**
 * The failed events that a database may have besides those that it has: no more than an operator would look at. They are counted
 * once for a batch of events, during which nothing else adds to them.
 */
export class FailureRoom {
  readonly #database: Database
  readonly #most: number
  #left: number | undefined

  constructor(database: Database, most: number) {
    this.#database = database
    this.#most = most
  }

  /** The error of a database that has its most: whoever sends more has to wait. */
  get error(): CouchError {
    return fail('tooManyFailedEvents', String(this.#most))
  }

  async has(more: number): Promise<boolean> {
    const listed = async (): Promise<number> =>
      (await listLocalIds(this.#database, PREFIX, { limit: this.#most })).length
    this.#left ??= this.#most - (await listed())
    return more <= this.#left
  }

  /** Counts failures that were stored. */
  take(count: number): void {
    if (this.#left !== undefined) this.#left -= count
  }
}

/** A failed event with what it was, to be tried again. */
export interface StoredFailure {
  readonly failure: string
  readonly event: IncomingEvent
  /** Takes it off the list, in the commit of what it became. */
  readonly removal: LocalEdit
}

/**
 * Reads failed events, the oldest first: fewer than the limit where they are large.
 *
 * @param failure one of them; without it those behind `after`
 */
export async function readFailedEvents(
  database: Database,
  { failure, ...range }: FailureRange & { readonly failure?: string | undefined },
): Promise<FailurePage<StoredFailure>> {
  const listed = await readFailures(database, PREFIX + (failure ?? ''), range)
  const rows = listed.flatMap(stored => storedFailure(stored) ?? [])
  return { rows, after: failure === undefined ? await endOf(database, listed) : undefined }
}

function storedFailure({ id, body }: LocalDocument): StoredFailure | undefined {
  const members = parseExact(body)
  if (!isExactObject(members)) return undefined
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
  return { failure: id.slice(PREFIX.length), event, removal }
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
    const listed = await listLocalIds(database, PREFIX + (failure ?? ''), { limit: DELETED_AT_A_TIME })
    const edits = listed.map(id => ({ id, rev: undefined, deleted: true, body: new Uint8Array() }))
    if (edits.length === 0) break
    await database.write({ kind: 'edit_local_documents', edits })
    cleared += edits.length
  }
  if (failure !== undefined && cleared === 0) throw fail('missing')
  return cleared
}
