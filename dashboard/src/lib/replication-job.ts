/** A replication as `_scheduler/docs` and `_scheduler/jobs` tell it together. */
export interface ReplicationJob {
  /** Names it in addresses: of a document "database/id", of others the replication's id. */
  readonly key: string
  readonly database: string | null
  readonly docId: string | null
  readonly id: string | null
  readonly source: string
  readonly target: string
  readonly state: JobState
  readonly errorCount: number
  readonly info: JobInfo
  readonly history: readonly JobEvent[]
  readonly startTime: string | null
  readonly lastUpdated: string | null
}

export type JobState =
  | 'initializing'
  | 'error'
  | 'pending'
  | 'running'
  | 'stalled'
  | 'crashing'
  | 'completed'
  | 'failed'
  | 'paused'

export interface JobEvent {
  readonly timestamp: string
  readonly type: string
  readonly reason?: string
}

export interface JobInfo {
  readonly error?: string
  readonly changes_pending?: number | null
  readonly docs_read?: number
  readonly docs_written?: number
  readonly doc_write_failures?: number
  readonly docs_per_second?: number
  readonly bytes_read?: number
  readonly bytes_written?: number
  readonly last_caught_up?: string | null
  readonly stalled?: { readonly since: string; readonly waiting_for: string }
  readonly through_seq?: string
  readonly source_seq?: string
  /** Of jobs that verify, and of those whose target refused documents. */
  readonly divergence?: Divergence
}

/** Documents of the source that stay different on the target. */
export interface Divergence {
  readonly documents: number
  readonly in_flight: number
  readonly since: string | null
  readonly first: readonly {
    readonly id: string
    readonly revs: readonly string[]
    readonly since: string
    readonly reason: string
  }[]
  /** Time of the last comparison; null before any. */
  readonly checked: string | null
  /** Why the last comparison failed. */
  readonly error: string | null
  readonly repair?: {
    readonly repaired: number
    readonly last: { readonly failed: number; readonly reason: string | null } | null
  }
}

/** A row of `_scheduler/docs`. */
export interface SchedulerDoc {
  readonly database: string
  readonly doc_id: string
  readonly id: string | null
  readonly source: string | null
  readonly target: string | null
  readonly state: string
  readonly info: JobInfo | null
  readonly error_count: number
  readonly start_time: string | null
  readonly last_updated: string | null
}

/** A row of `_scheduler/jobs`. */
export interface SchedulerJob {
  readonly database: string | null
  readonly doc_id: string | null
  readonly id: string
  readonly source: string
  readonly target: string
  readonly pid: string | null
  readonly info: JobInfo | null
  readonly history: readonly JobEvent[]
  readonly start_time: string
}

/** The reason in a document that was paused here: CouchDB knows no such state and takes it for a failed one. */
export const PAUSED = 'Paused'

/** Puts both lists together: documents with the history of their jobs, then jobs that no document asked for. */
export function mergeJobs(docs: readonly SchedulerDoc[], jobs: readonly SchedulerJob[]): ReplicationJob[] {
  const byId = new Map(jobs.map(job => [job.id, job]))
  const merged = docs.map(doc => {
    const job = doc.id === null ? undefined : byId.get(doc.id)
    if (doc.id !== null) byId.delete(doc.id)
    const info = { ...job?.info, ...doc.info }
    return {
      key: `${doc.database}/${doc.doc_id}`,
      database: doc.database,
      docId: doc.doc_id,
      id: doc.id,
      source: doc.source ?? '',
      target: doc.target ?? '',
      state: stateOf(doc.state, info),
      errorCount: doc.error_count,
      info,
      history: job?.history ?? [],
      startTime: doc.start_time,
      lastUpdated: doc.last_updated,
    }
  })
  return [...merged, ...[...byId.values()].map(ofJob)]
}

function ofJob(job: SchedulerJob): ReplicationJob {
  const info = job.info ?? {}
  const last = job.history[0]
  const state = job.pid !== null ? 'running' : last?.type === 'crashed' ? 'crashing' : 'pending'
  return {
    key: job.doc_id === null ? job.id : `${job.database ?? ''}/${job.doc_id}`,
    database: job.database,
    docId: job.doc_id,
    id: job.id,
    source: job.source,
    target: job.target,
    state: stateOf(state, info),
    errorCount: job.history.filter(({ type }) => type === 'crashed').length,
    info,
    history: job.history,
    startTime: job.start_time,
    lastUpdated: last?.timestamp ?? job.start_time,
  }
}

function stateOf(state: string, info: JobInfo): JobState {
  if (state === 'failed' && info.error?.startsWith(PAUSED) === true) return 'paused'
  if (state === 'running' && info.stalled !== undefined) return 'stalled'
  return state as JobState
}

export const STATE_WORDS: Readonly<Record<JobState, string>> = {
  initializing: 'Starting',
  error: 'Not started',
  pending: 'Waiting for its turn',
  running: 'Running',
  stalled: 'Stalled',
  crashing: 'Failing',
  completed: 'Completed',
  failed: 'Failed',
  paused: 'Paused',
}

export type StateTone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

export const STATE_TONES: Readonly<Record<JobState, StateTone>> = {
  initializing: 'info',
  error: 'bad',
  pending: 'info',
  running: 'good',
  stalled: 'warn',
  crashing: 'bad',
  completed: 'plain',
  failed: 'bad',
  paused: 'plain',
}

/** States that need a person. */
export const TROUBLED: readonly JobState[] = ['crashing', 'failed', 'error', 'stalled']

/** Meaning of an error and what to do, by its first word; the server's own sentence is shown beside it. */
const ADVICE: Readonly<Record<string, string>> = {
  connection_refused: 'Nothing answers at that address. Is the other node running, and is the port right?',
  nxdomain: 'The host’s name is unknown. Check how it is written, and the DNS of this machine.',
  timeout:
    'The other side does not answer in time. It may be overloaded, or a firewall may drop the packets.',
  tls_error: 'The encrypted connection could not be made. Check the certificate and its authority.',
  db_not_found: 'The database is not there. Create it, or let the replication create its target.',
  unauthorized: 'The other side wants a name and password that may use the database.',
  replication_auth_error: 'The other side refuses the name or the password.',
  no_couchdb: 'What answers there is not a CouchDB. Check the address.',
  redirected: 'The other side redirects elsewhere. Use the address that it redirects to.',
  overloaded: 'The other side is overloaded; the replication tries again more slowly.',
  rewind_refused: 'The checkpoint is lost, and going back so far is not allowed by max_rewind.',
}

/** @param error such as "connection_refused: nothing listens at GET http://…" */
export function adviceFor(error: string): string | undefined {
  return ADVICE[/^(\w+)/.exec(error)?.[1] ?? '']
}

/** One sentence that says how a replication is doing. */
export function sentenceFor({ state, info, errorCount }: ReplicationJob): string {
  const pending = info.changes_pending ?? undefined
  switch (state) {
    case 'initializing':
      return 'It is being started.'
    case 'pending':
      return 'It waits until other replications make room.'
    case 'running':
      if (pending === 0) return 'It has caught up and follows its source.'
      return pending === undefined ? 'It is running.' : `${String(pending)} changes are still to come.`
    case 'stalled':
      return `Nothing has moved for a while: it waits for ${info.stalled?.waiting_for ?? 'the other side'}.`
    case 'crashing':
      return `It has failed ${errorCount === 1 ? 'once' : `${errorCount} times`} and tries again by itself, later each time.`
    case 'error':
      return 'It could not be started.'
    case 'completed':
      return 'Everything that was there is copied.'
    case 'failed':
      return 'It has ended and does not try again by itself.'
    case 'paused':
      return 'Somebody has paused it. It goes on from its checkpoint when it is resumed.'
  }
}

export interface JobFilter {
  readonly text: string
  readonly states: readonly JobState[]
}

export function matchesFilter(job: ReplicationJob, { text, states }: JobFilter): boolean {
  if (states.length > 0 && !states.includes(job.state)) return false
  const sought = text.trim().toLowerCase()
  if (sought === '') return true
  return [job.docId ?? '', job.source, job.target, job.info.error ?? ''].some(part =>
    part.toLowerCase().includes(sought),
  )
}

/** Counts the jobs in each state that occurs. */
export function countStates(jobs: readonly ReplicationJob[]): Map<JobState, number> {
  const counts = new Map<JobState, number>()
  for (const { state } of jobs) counts.set(state, (counts.get(state) ?? 0) + 1)
  return counts
}
