import { CommandError } from '../../frame/command-error.ts'
import { NOT_FOUND } from '../../frame/exit-codes.ts'
import type { Server } from '../../frame/server.ts'

/** A replication job as the commands show it, from `_scheduler/jobs` and `_scheduler/docs`. */
export interface JobRow {
  /** The scheduler's id; null of a document that has no job. */
  readonly id: string | null
  /** The database and the document that ask for it; null of a `_replicate` request. */
  readonly database: string | null
  readonly doc: string | null
  readonly state: string
  readonly source: string
  readonly target: string
  readonly pending: number | null
  readonly lagSeconds: number | null
  readonly docsPerSecond: number | null
  readonly docsWritten: number | null
  readonly refused: number
  readonly stalled: string | null
  readonly silentSeconds: number | null
  readonly crashes: number
  readonly error: string | null
  readonly info: Readonly<Record<string, unknown>>
  readonly history: readonly HistoryEntry[]
}

export interface HistoryEntry {
  readonly timestamp: string
  readonly type: string
  readonly reason?: string
}

interface ListedJob {
  readonly id: string
  readonly database: string | null
  readonly doc_id: string | null
  readonly source: string
  readonly target: string
  readonly info: Readonly<Record<string, unknown>> | null
  readonly history: readonly HistoryEntry[]
}

interface ListedDoc {
  readonly id: string | null
  readonly database: string
  readonly doc_id: string
  readonly state: string | null
  readonly source?: string | null
  readonly target?: string | null
  readonly info?: Readonly<Record<string, unknown>> | null
  readonly error_count?: number
}

const PAGE = 1000
/** States in the order in which they need somebody. */
const URGENCY = ['crashing', 'failed', 'error', 'running', 'initializing', 'pending', 'completed']

/** Reads all jobs of a server, those that need somebody first. */
export async function readJobs(server: Server): Promise<JobRow[]> {
  const jobs = (await pages<ListedJob>(server, '_scheduler/jobs', 'jobs')).map(fromJob)
  const known = new Map(jobs.flatMap(job => (job.doc === null ? [] : [[keyOf(job), job] as const])))
  const docs: JobRow[] = []
  for (const name of await replicatorDatabases(server)) {
    // A slash in the database's name is part of the path there.
    const path = `_scheduler/docs/${name.split('/').map(encodeURIComponent).join('/')}`
    for (const doc of await pages<ListedDoc>(server, path, 'docs')) {
      const row = fromDoc(doc)
      const job = known.get(keyOf(row))
      if (job === undefined) docs.push(row)
      else
        known.set(keyOf(row), {
          ...job,
          state: row.state,
          crashes: row.crashes,
          error: job.error ?? row.error,
        })
    }
  }
  const merged = jobs.map(job => (job.doc === null ? job : (known.get(keyOf(job)) ?? job)))
  return [...merged, ...docs].sort(byUrgency)
}

/**
 * Finds a job by its document's id, by `DATABASE/ID`, by the scheduler's id or by how that begins.
 *
 * @throws {CommandError} if there is none, or more than one
 */
export async function findJob(server: Server, name: string): Promise<JobRow> {
  const jobs = await readJobs(server)
  const exact = jobs.filter(({ id, doc, database }) => [doc, id, `${database}/${doc}`].includes(name))
  const found = exact.length > 0 ? exact : jobs.filter(({ id }) => name.length >= 4 && id?.startsWith(name))
  const [job, ...others] = found
  if (job === undefined) throw new CommandError(`${server.url} has no job ${name}.`, NOT_FOUND)
  if (others.length > 0)
    throw new CommandError(`More than one job is called ${name}: ${found.map(nameOf).join(', ')}.`)
  return job
}

/** Returns the name by which a job is found again: its document's, with the database where that is not `_replicator`. */
export function nameOf({ id, database, doc }: JobRow): string {
  if (doc === null) return id ?? '–'
  return database === '_replicator' || database === null ? doc : `${database}/${doc}`
}

/** Returns the path of a job's document below the server. */
export function documentPath({ database, doc }: JobRow): string {
  return `${encodeURIComponent(database ?? '')}/${encodeURIComponent(doc ?? '')}`
}

async function replicatorDatabases(server: Server): Promise<string[]> {
  const names = await server.get<string[]>('_all_dbs')
  return names.filter(name => name === '_replicator' || name.endsWith('/_replicator'))
}

async function pages<T>(server: Server, path: string, member: 'jobs' | 'docs'): Promise<T[]> {
  const all: T[] = []
  for (;;) {
    const page = await server.find<Record<string, T[]>>(path, { limit: PAGE, skip: all.length })
    const rows = page?.[member] ?? []
    all.push(...rows)
    if (rows.length < PAGE) return all
  }
}

function fromJob({ id, database, doc_id: doc, source, target, info, history }: ListedJob): JobRow {
  const crashes = history.findIndex(({ type }) => type === 'started')
  return {
    ...rowOf(info ?? {}),
    id,
    database,
    doc,
    state: stateOf(history[0]?.type),
    source,
    target,
    crashes: history[0]?.type === 'crashed' ? Math.max(1, crashes) : 0,
    history,
  }
}

function fromDoc({
  id,
  database,
  doc_id: doc,
  state,
  source,
  target,
  info,
  error_count: crashes = 0,
}: ListedDoc): JobRow {
  const row = {
    ...rowOf(info ?? {}),
    id,
    database,
    doc,
    state: state ?? 'initializing',
    crashes,
    history: [],
  }
  return { ...row, source: source ?? '–', target: target ?? '–' }
}

function rowOf(
  info: Readonly<Record<string, unknown>>,
): Omit<JobRow, 'id' | 'database' | 'doc' | 'state' | 'source' | 'target' | 'crashes' | 'history'> {
  const stalled = info.stalled as { readonly waiting_for?: unknown } | undefined
  const silent = info.source_silent as { readonly seconds?: unknown } | undefined
  return {
    pending: numberOrNull(info.changes_pending),
    lagSeconds: numberOrNull(info.lag_seconds),
    docsPerSecond: numberOrNull(info.docs_per_second),
    docsWritten: numberOrNull(info.docs_written),
    refused: numberOrNull(info.doc_write_failures) ?? 0,
    stalled: typeof stalled?.waiting_for === 'string' ? stalled.waiting_for : null,
    silentSeconds: numberOrNull(silent?.seconds),
    error: typeof info.error === 'string' ? info.error : null,
    info,
  }
}

function stateOf(last: string | undefined): string {
  if (last === 'started') return 'running'
  return last === 'crashed' ? 'crashing' : 'pending'
}

function byUrgency(a: JobRow, b: JobRow): number {
  const ill = ({ stalled, silentSeconds }: JobRow): number =>
    stalled !== null || silentSeconds !== null ? 1 : 0
  return (
    ill(b) - ill(a) ||
    URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state) ||
    (b.lagSeconds ?? 0) - (a.lagSeconds ?? 0) ||
    nameOf(a).localeCompare(nameOf(b))
  )
}

function keyOf({ database, doc }: { readonly database: string | null; readonly doc: string | null }): string {
  return JSON.stringify([database, doc])
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
