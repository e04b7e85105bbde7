import { publicUrl } from '../../protocol/replication-endpoint.ts'
import type { DeltaCounts } from '../../replicator/replication-plan.ts'
import type { Job, JobLag } from '../../replicator/job.ts'
import type { ReplicationStatus } from '../../replicator/replication.ts'
import { divergenceMember } from './divergence-json.ts'
import { isoTime } from './iso-time.ts'

/** Node and limit that lists of jobs show. */
export interface JobDisplay {
  /** Name of the node that runs them. */
  readonly node: string
  /** Milliseconds without progress after which a job is stalled. */
  readonly stallMs: number
}

/** Returns the counters of a replication as documents and listings show them. */
export function statsJson(
  { stats, checkpointedSeq, duplicates, masked }: ReplicationStatus,
  pending: number | null,
): object {
  return {
    revisions_checked: stats.missingChecked,
    missing_revisions_found: stats.missingFound,
    docs_read: stats.docsRead,
    docs_written: stats.docsWritten,
    ...(duplicates === undefined ? {} : { duplicates }),
    ...(masked === undefined ? {} : { masked }),
    changes_pending: pending,
    doc_write_failures: stats.docWriteFailures,
    bulk_get_docs: stats.bulkGetDocs,
    bulk_get_attempts: stats.bulkGetAttempts,
    checkpointed_source_seq: seqText(checkpointedSeq),
  }
}

/** A job in `_scheduler/jobs`. */
export function jobJson(job: Job, { node, stallMs }: JobDisplay): object {
  const { spec } = job
  return {
    database: spec.document?.database ?? null,
    id: spec.id,
    pid: job.state === 'running' ? '<0.1.0>' : null,
    source: publicUrl(spec.source.url),
    target: publicUrl(spec.target.url),
    user: spec.user,
    doc_id: spec.document?.id ?? null,
    info: jobInfo(job, stallMs),
    history: job.history
      .map(({ timestamp, type, reason }) => ({
        timestamp: isoTime(timestamp),
        type,
        ...(reason ? { reason } : {}),
      }))
      .reverse(),
    node,
    start_time: isoTime(job.addedAt),
  }
}

/** Returns the entry of a document's job in `_scheduler/docs`. */
export function activeDocJson(job: Job, { node, stallMs }: JobDisplay): object {
  const { spec } = job
  return {
    database: spec.document?.database ?? null,
    doc_id: spec.document?.id ?? null,
    id: spec.id,
    node,
    source: publicUrl(spec.source.url),
    target: publicUrl(spec.target.url),
    state: job.state,
    info: jobInfo(job, stallMs),
    error_count: job.crashes,
    last_updated: isoTime(job.history.at(-1)?.timestamp ?? job.addedAt),
    start_time: isoTime(job.addedAt),
    source_proxy: proxyUrl(spec.source.proxy),
    target_proxy: proxyUrl(spec.target.proxy),
  }
}

/** Returns a running job for `_active_tasks`, on request with members that CouchDB does not have. */
export function taskJson(job: Job, { node, stallMs }: JobDisplay, withLag: boolean): object {
  const { spec, status } = job
  const lag = job.lag(stallMs)
  const seconds = (time: number): number => Math.floor(time / 1000)
  return {
    node,
    pid: '<0.1.0>',
    process_status: job.idle ? 'waiting' : 'running',
    ...(status ? { ...progressJson(status, lag), ...(withLag ? lagJson(status, lag) : {}) } : {}),
    ...divergenceMember(job),
    checkpoint_interval: spec.plan.options.checkpointIntervalMs,
    continuous: spec.plan.options.continuous,
    database: spec.document?.database ?? null,
    doc_id: spec.document?.id ?? null,
    replication_id: spec.id,
    source: publicUrl(spec.source.url),
    started_on: seconds(job.startedAt),
    target: publicUrl(spec.target.url),
    type: 'replication',
    updated_on: seconds(status?.lastProgressAt.getTime() ?? job.startedAt),
    user: spec.user,
  }
}

function jobInfo(job: Job, stallMs: number): object | null {
  const divergence = divergenceMember(job)
  if (job.state === 'crashing' || job.state === 'failed')
    return { error: job.error?.message ?? '', ...divergence }
  const { status } = job
  const masked = job.spec.masked === undefined ? {} : { masked: job.spec.masked() }
  if (!status) return 'divergence' in divergence ? divergence : null
  const lag = job.lag(stallMs)
  return { ...progressJson(status, lag), ...lagJson(status, lag), ...divergence, ...masked }
}

/** Returns the members of a job's description that CouchDB does not have. */
function lagJson(status: ReplicationStatus, lag: JobLag): object {
  const { caughtUpAt, stalled, silentMs } = lag
  return {
    docs_per_second: lag.docsPerSecond,
    bytes_read: status.bytesRead,
    bytes_written: status.bytesWritten,
    ...(status.deltas === undefined ? {} : { deltas: deltasJson(status.deltas) }),
    last_caught_up: caughtUpAt === null ? null : isoTime(caughtUpAt),
    lag_seconds: secondsOf(lag.lagMs),
    ...(stalled ? { stalled: { since: isoTime(stalled.since), waiting_for: stalled.waitingFor } } : {}),
    ...(silentMs === null
      ? {}
      : { source_silent: { since: isoTime(new Date(Date.now() - silentMs)), seconds: secondsOf(silentMs) } }),
  }
}

function deltasJson({ documents, savedBytes, failed }: DeltaCounts): object {
  return { documents, saved_bytes: savedBytes, failed }
}

function secondsOf(milliseconds: number): number {
  return Math.round(milliseconds / 1000)
}

function progressJson(status: ReplicationStatus, { pending }: JobLag): object {
  return {
    ...statsJson(status, pending),
    source_seq: seqText(status.highestSeq),
    through_seq: seqText(status.throughSeq),
  }
}

function seqText(seq: string | number): string {
  return String(seq)
}

function proxyUrl(url: string | undefined): string | null {
  return url === undefined ? null : publicUrl(url)
}
