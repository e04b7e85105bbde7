import { REPLICATION_ID_VERSION } from './replication-id.ts'

/** A source's sequence as a checkpoint holds it: opaque, the number 0 before the first change. */
export type SourceSeq = string | number

/** Counters of a replication; each session continues those of the one before. */
export interface ReplicationStats {
  missingChecked: number
  missingFound: number
  docsRead: number
  docsWritten: number
  docWriteFailures: number
  bulkGetDocs: number
  bulkGetAttempts: number
}

/** One session in a checkpoint's history, in CouchDB's member order. */
export interface CheckpointSession {
  readonly session_id: string
  readonly start_time: string
  readonly end_time: string
  readonly start_last_seq: SourceSeq
  readonly end_last_seq: SourceSeq
  readonly recorded_seq: SourceSeq
  readonly missing_checked: number
  readonly missing_found: number
  readonly docs_read: number
  readonly docs_written: number
  readonly doc_write_failures: number
  readonly bulk_get_docs: number
  readonly bulk_get_attempts: number
}

/**
 * The body of the `_local` document that both sides keep (CouchDB: `couch_replicator_scheduler_job:do_checkpoint/1`).
 */
export interface Checkpoint {
  readonly session_id: string
  readonly source_last_seq: SourceSeq
  readonly replication_id_version: number
  /** Only of replications by document ids, as CouchDB 0.11 answered them. */
  readonly start_time?: string
  readonly end_time?: string
  readonly docs_read?: number
  readonly docs_written?: number
  readonly doc_write_failures?: number
  readonly history: readonly CheckpointSession[]
}

/** The newest common session of two checkpoints, from which a replication resumes. */
export interface CommonSession {
  /** 0: from the start. */
  readonly since: SourceSeq
  /** The sessions that the next checkpoint keeps behind its own. */
  readonly history: readonly CheckpointSession[]
  /** The session that ended at `since`; absent without a common session. */
  readonly last?: CheckpointSession
}

const MAX_HISTORY = 50
const MAX_MEMBERS = 100
const MAX_TEXT = 64 * 1024

export function zeroStats(): ReplicationStats {
  return {
    missingChecked: 0,
    missingFound: 0,
    docsRead: 0,
    docsWritten: 0,
    docWriteFailures: 0,
    bulkGetDocs: 0,
    bulkGetAttempts: 0,
  }
}

/** The counters that a new session of this history begins with. */
export function statsOf(session: Partial<CheckpointSession> | undefined): ReplicationStats {
  return {
    missingChecked: count(session?.missing_checked),
    missingFound: count(session?.missing_found),
    docsRead: count(session?.docs_read),
    docsWritten: count(session?.docs_written),
    docWriteFailures: count(session?.doc_write_failures),
    bulkGetDocs: count(session?.bulk_get_docs),
    bulkGetAttempts: count(session?.bulk_get_attempts),
  }
}

/** A session's facts at the time of a checkpoint. */
export interface SessionFacts {
  readonly sessionId: string
  readonly startTime: Date
  readonly endTime: Date
  readonly startSeq: SourceSeq
  readonly throughSeq: SourceSeq
  readonly stats: ReplicationStats
}

/** The checkpoint of a session, in front of the sessions before it; at most 50 are kept. */
export function makeCheckpoint(
  facts: SessionFacts,
  before: readonly CheckpointSession[],
  byDocIds: boolean,
): Checkpoint {
  const session = makeSession(facts)
  return {
    session_id: facts.sessionId,
    source_last_seq: facts.throughSeq,
    replication_id_version: REPLICATION_ID_VERSION,
    ...(byDocIds ? legacyMembers(session) : {}),
    history: [session, ...before].slice(0, MAX_HISTORY),
  }
}

/**
 * The last point that source and target agree on: the same last session, or the newest one of either history that the
 * other has too (CouchDB: `compare_replication_logs/2`). Documents of another shape, such as PouchDB's, have no session
 * in common with ours.
 *
 * Within one session the side that is behind counts: it may have been restored from a backup that the session made
 * before. CouchDB goes on at the source's point, and loses what the target lost.
 */
export function commonSession(source: unknown, target: unknown): CommonSession {
  const ours = partsOf(source)
  const theirs = partsOf(target)
  if (ours.sessionId !== undefined && ours.sessionId === theirs.sessionId) {
    const behind = numberOf(theirs.lastSeq) < numberOf(ours.lastSeq) ? theirs : ours
    const [last] = behind.history
    return { since: behind.lastSeq, history: behind.history, ...(last ? { last } : {}) }
  }
  return commonInHistories(ours.history, theirs.history)
}

function commonInHistories(
  source: readonly CheckpointSession[],
  target: readonly CheckpointSession[],
): CommonSession {
  for (let i = 0; i < source.length && i < target.length; i++) {
    const [ours, theirs] = [source[i], target[i]]
    if (ours && has(target.slice(i), ours)) return resumeAt(ours, source.slice(i + 1))
    if (theirs && has(source.slice(i + 1), theirs)) return resumeAt(theirs, target.slice(i + 1))
  }
  return { since: 0, history: [] }
}

function resumeAt(session: CheckpointSession, rest: readonly CheckpointSession[]): CommonSession {
  return { since: session.recorded_seq ?? 0, history: rest, last: session }
}

function has(sessions: readonly CheckpointSession[], session: CheckpointSession): boolean {
  return sessions.some(other => other.session_id === session.session_id)
}

function partsOf(value: unknown): {
  sessionId?: string
  lastSeq: SourceSeq
  history: readonly CheckpointSession[]
} {
  if (typeof value !== 'object' || value === null) return { lastSeq: 0, history: [] }
  const { session_id: id, source_last_seq: seq, history } = value as Partial<Record<string, unknown>>
  return {
    ...(typeof id === 'string' ? { sessionId: id } : {}),
    lastSeq: typeof seq === 'string' || typeof seq === 'number' ? seq : 0,
    history: Array.isArray(history) ? history.slice(0, MAX_HISTORY).filter(isSession) : [],
  }
}

/** Returns what a checkpoint document says, without its id and revision and without what no checkpoint has. */
export function checkpointMembers(log: unknown): Readonly<Record<string, unknown>> {
  if (typeof log !== 'object' || log === null || Array.isArray(log)) return {}
  const members = Object.entries(log).filter(([name, value]) => !name.startsWith('_') && isPlain(value))
  const { history } = log as { history?: unknown }
  const sessions = Array.isArray(history) ? { history: partsOf(log).history } : {}
  return { ...Object.fromEntries(members), ...sessions }
}

/** The peer's history becomes part of the next checkpoint, on both sides: nothing but short plain members may. */
function isSession(value: unknown): value is CheckpointSession {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const members = Object.values(value)
  if (members.length > MAX_MEMBERS || !members.every(isPlain)) return false
  return typeof (value as Partial<CheckpointSession>).session_id === 'string'
}

/** Older servers have lists for sequences. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT
  if (Array.isArray(value))
    return value.length <= MAX_MEMBERS && value.every(part => !Array.isArray(part) && isPlain(part))
  return typeof value !== 'object' || value === null
}

function makeSession({
  sessionId,
  startTime,
  endTime,
  startSeq,
  throughSeq,
  stats,
}: SessionFacts): CheckpointSession {
  return {
    session_id: sessionId,
    start_time: startTime.toUTCString(),
    end_time: endTime.toUTCString(),
    start_last_seq: startSeq,
    end_last_seq: throughSeq,
    recorded_seq: throughSeq,
    missing_checked: stats.missingChecked,
    missing_found: stats.missingFound,
    docs_read: stats.docsRead,
    docs_written: stats.docsWritten,
    doc_write_failures: stats.docWriteFailures,
    bulk_get_docs: stats.bulkGetDocs,
    bulk_get_attempts: stats.bulkGetAttempts,
  }
}

function legacyMembers(session: CheckpointSession): Partial<Checkpoint> {
  const { start_time, end_time, docs_read, docs_written, doc_write_failures } = session
  return { start_time, end_time, docs_read, docs_written, doc_write_failures }
}

/** The number that sequences of CouchDB begin with. */
export function numberOf(seq: SourceSeq): number {
  return typeof seq === 'number' ? seq : Number.parseInt(seq, 10) || 0
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
