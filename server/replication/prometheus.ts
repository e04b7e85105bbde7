import { publicUrl } from '../../protocol/replication-endpoint.ts'
import type { Job } from '../../replicator/job.ts'
import { counter, labelledGauge, type MetricFamily } from '../metrics/family.ts'
import type { Replicator } from './replicator.ts'

interface JobMetric {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  /** Undefined if unknown. */
  readonly read: (job: Job, stallMs: number) => number | undefined
}

const JOB_METRICS: readonly JobMetric[] = [
  {
    name: 'couchdb_replication_changes_pending',
    type: 'gauge',
    help: 'changes of the source that are not on the target yet',
    read: (job, stallMs) => job.lag(stallMs).pending ?? undefined,
  },
  {
    name: 'couchdb_replication_lag_seconds',
    type: 'gauge',
    help: 'seconds since the source last proved that all of it is on the target',
    read: (job, stallMs) => job.lag(stallMs).lagMs / 1000,
  },
  {
    name: 'couchdb_replication_source_silent',
    type: 'gauge',
    help: '1 if the source of a running job is silent for too long',
    read: (job, stallMs) => Number(job.lag(stallMs).silentMs !== null),
  },
  {
    name: 'couchdb_replication_docs_per_second',
    type: 'gauge',
    help: 'documents written, over the last minute',
    read: (job, stallMs) => job.lag(stallMs).docsPerSecond,
  },
  {
    name: 'couchdb_replication_stalled',
    type: 'gauge',
    help: '1 where changes are pending and nothing has moved for too long',
    read: (job, stallMs) => Number(job.lag(stallMs).stalled !== null),
  },
  {
    name: 'couchdb_replication_docs_written_total',
    type: 'counter',
    help: 'documents written to the target',
    read: job => job.status?.stats.docsWritten,
  },
  {
    name: 'couchdb_replication_bytes_read',
    type: 'gauge',
    help: 'bytes that came from the source since the job was last started',
    read: job => job.status?.bytesRead,
  },
  {
    name: 'couchdb_replication_bytes_written',
    type: 'gauge',
    help: 'bytes that went to the target since the job was last started',
    read: job => job.status?.bytesWritten,
  },
  {
    name: 'couchdb_replication_doc_write_failures_total',
    type: 'counter',
    help: 'documents that the target refused',
    read: job => job.status?.stats.docWriteFailures,
  },
]

/** Returns the replications of a server as metrics: jobs by state, rewinds, and the state of each job. */
export function replicationFamilies(replicator: Replicator): MetricFamily[] {
  const { jobs } = replicator.scheduler
  return [
    labelledGauge('couchdb_replication_jobs', 'replications by state', 'state', replicator.jobsByState()),
    counter(
      'couchdb_replication_rewinds_total',
      'replications that had to go back behind a checkpoint',
      replicator.rewinds,
    ),
    ...JOB_METRICS.map(({ name, type, help, read }) => ({
      name,
      type,
      help: `of each job: ${help}`,
      samples: jobs.flatMap(job => {
        const value = read(job, replicator.stallMs)
        return value === undefined ? [] : [{ value, labels: labelsOf(job) }]
      }),
    })),
  ]
}

function labelsOf({ spec }: Job): Record<string, string> {
  const { document, id, source, target } = spec
  return {
    id,
    doc: document === null ? '' : `${document.database}/${document.id}`,
    source: publicUrl(source.url),
    target: publicUrl(target.url),
  }
}
