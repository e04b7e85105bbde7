import { publicUrl } from '../../protocol/replication-endpoint.ts'
import type { Job } from '../../replicator/job.ts'
import type { DivergenceReport } from '../../replicator/verification/divergence.ts'
import { divergenceOf } from './divergence-json.ts'
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
    name: 'couchette_replicator_delta_documents',
    type: 'gauge',
    help: 'documents that came as deltas since the job was last started',
    read: job => job.status?.deltas?.documents,
  },
  {
    name: 'couchette_replicator_delta_saved_bytes',
    type: 'gauge',
    help: 'bytes that deltas were shorter than their documents since the job was last started',
    read: job => job.status?.deltas?.savedBytes,
  },
  {
    name: 'couchdb_replication_doc_write_failures_total',
    type: 'counter',
    help: 'documents that the target refused',
    read: job => job.status?.stats.docWriteFailures,
  },
  {
    name: 'couchette_replicator_divergence',
    type: 'gauge',
    help: 'documents that stay different between source and target, refused ones too',
    read: job => divergenceOf(job)?.documents,
  },
  {
    name: 'couchette_replicator_divergence_age_seconds',
    type: 'gauge',
    help: 'seconds since the first of these documents differs; 0 without any',
    read: job => ageOf(divergenceOf(job)),
  },
  {
    name: 'couchette_replicator_divergence_in_flight',
    type: 'gauge',
    help: 'documents that differed at the last comparison and may be on their way',
    read: job => divergenceOf(job)?.inFlight,
  },
  {
    name: 'couchette_replicator_verification_failing',
    type: 'gauge',
    help: '1 if the last comparison of source and target did not come to its end',
    read: job => verificationOf(job, ({ error }) => Number(error !== null)),
  },
  {
    name: 'couchette_replicator_verified_timestamp_seconds',
    type: 'gauge',
    help: 'end of the last comparison of source and target, in seconds since 1970',
    read: job => verificationOf(job, ({ checkedAt }) => checkedAt && checkedAt.getTime() / 1000),
  },
  {
    name: 'couchette_replicator_repaired_documents_total',
    type: 'counter',
    help: 'documents that differed and that a repair has replicated',
    read: job => verificationOf(job, ({ repairs }) => repairs.repaired),
  },
  {
    name: 'couchette_replicator_repair_failing',
    type: 'gauge',
    help: '1 if documents still differ that the last repair replicated',
    read: job => verificationOf(job, ({ repairs }) => Number((repairs.last?.failed ?? 0) > 0)),
  },
]

function verificationOf(job: Job, value: (report: DivergenceReport) => number | null): number | undefined {
  const report = job.spec.plan.options.verify && divergenceOf(job)
  return report ? (value(report) ?? undefined) : undefined
}

function ageOf(report: DivergenceReport | null): number | undefined {
  if (report === null) return undefined
  return report.since === null ? 0 : Math.max(0, (Date.now() - report.since.getTime()) / 1000)
}

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
