import type { CouchError } from '../../protocol/errors.ts'
import { fail } from '../../protocol/errors.ts'
import type { BadEvent } from '../../protocol/streams/bad-event.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { LocalEdit } from '../database/commit/local-edits.ts'
import type { Database } from '../database/database.ts'
import { failedEvent, FailureRoom } from './failed-events.ts'
import type { IngestedChange, IngestResult } from './ingested.ts'
import {
  isOfOneEvent,
  partOf,
  type PreparedEvent,
  type PreparedEvents,
  type ReadOptions,
} from './prepared-events.ts'
import { RowVersions } from './row-versions.ts'
import { truncateRows } from './truncation.ts'

/** Options of taking events into a database. */
export interface IngestOptions extends Pick<ReadOptions, 'limits'> {
  readonly user: UserContext
  /** The most failed events that a database keeps. */
  readonly maxFailures: number
  /** Written in the commit of the events: the offset behind them. */
  readonly locals?: readonly LocalEdit[]
  /** Throws the failure of an event instead of listing it. Default: false. */
  readonly stopsOnError?: boolean
}

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
  events: PreparedEvents,
  options: IngestOptions,
): Promise<IngestResult[]> {
  if (database.rules !== undefined || database.name.startsWith('_'))
    throw fail('badRequest', 'system databases take no events')
  return withRows(database, () => ingestInTurn(database, events, options))
}

async function ingestInTurn(
  database: Database,
  events: PreparedEvents,
  options: IngestOptions,
): Promise<IngestResult[]> {
  const room = new FailureRoom(database, options.maxFailures)
  try {
    return await ingestTogether(database, events, options, room)
  } catch (error) {
    if (!isOfOneEvent(error) && !(error instanceof NotTogether)) throw error
    // One of them is refused: each by itself, so that the others are not.
    return ingestEach(database, events, options, room)
  }
}

/** @throws what refuses any of the events when it is written, or any at all where the job stops at failures */
async function ingestTogether(
  database: Database,
  events: PreparedEvents,
  options: IngestOptions,
  room: FailureRoom,
): Promise<IngestResult[]> {
  const { read } = events
  const truncated = read.find(one => one.kind === 'truncate')
  if (truncated !== undefined) {
    if (read.length > 1) throw new NotTogether()
    return [await truncateRows(database, truncated.source, options)]
  }
  const versions = new RowVersions(database, options.limits)
  await versions.load(read.flatMap(one => (one.kind === 'row' ? one.changes : [])))
  const failures: LocalEdit[] = []
  const results = read.map((one, index) => {
    try {
      return take(one, versions)
    } catch (error) {
      if (!isOfOneEvent(error) || options.stopsOnError === true) throw error
      const { edit, result } = failureOf(events, index, error)
      failures.push(edit)
      return result
    }
  })
  if (failures.length > 0 && !(await room.has(failures.length)))
    throw new NotTogether('', { cause: room.error })
  const { edits } = versions
  const locals = [...versions.locals, ...failures, ...(options.locals ?? [])]
  if (edits.length > 0 || locals.length > 0)
    await database.write({ kind: 'write_rows', edits, locals, user: options.user })
  room.take(failures.length)
  return results
}

async function ingestEach(
  database: Database,
  events: PreparedEvents,
  options: IngestOptions,
  room: FailureRoom,
): Promise<IngestResult[]> {
  const results: IngestResult[] = []
  const { locals: _, ...without } = options
  const count = events.read.length
  for (let index = 0; index < count; index++) {
    const own = index === count - 1 ? options : without
    results.push(await ingestOne(database, partOf(events, index, index + 1), own, room))
  }
  return results
}

async function ingestOne(
  database: Database,
  event: PreparedEvents,
  options: IngestOptions,
  room: FailureRoom,
): Promise<IngestResult> {
  try {
    const [result] = await ingestTogether(database, event, options, room)
    return result!
  } catch (error) {
    // Only here a validation function, or the second change of a row, is known to have refused this event.
    const cause = error instanceof NotTogether ? error.cause : error
    if (!isOfOneEvent(cause) || options.stopsOnError === true) throw cause
    if (!(await room.has(1))) throw room.error
    const { edit, result } = failureOf(event, 0, cause)
    const locals = [edit, ...(options.locals ?? [])]
    await database.write({ kind: 'write_rows', edits: [], locals, user: options.user })
    room.take(1)
    return result
  }
}

function failureOf(
  events: PreparedEvents,
  index: number,
  refusal: BadEvent | CouchError,
): { readonly edit: LocalEdit; readonly result: IngestResult } {
  const { failure, edit } = failedEvent(events.original(index), refusal)
  const { error, reason } = refusal
  return { edit, result: { kind: 'failed', failure, error, reason } }
}

/** @throws what refuses the event, of which nothing is taken in then; NotTogether where something was */
function take(event: PreparedEvent, versions: RowVersions): IngestResult {
  switch (event.kind) {
    case 'row':
      return { kind: 'done', changes: takeChanges(event, versions) }
    case 'revision':
      return { kind: 'done', changes: [versions.takeRevision(event.edit)] }
    case 'skipped':
      return event
    case 'refused':
      throw event.error
    case 'truncate':
      throw new NotTogether()
  }
}

function takeChanges(
  { source, changes: [first, second] }: PreparedEvent & { readonly kind: 'row' },
  versions: RowVersions,
): IngestedChange[] {
  if (first === undefined) return []
  const taken = versions.take(first, source)
  if (second === undefined) return [taken]
  try {
    return [taken, versions.take(second, source)]
  } catch (cause) {
    throw new NotTogether('', { cause })
  }
}
