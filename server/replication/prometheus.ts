import { publicUrl } from '../../protocol/replication-endpoint.ts'
import { JOB_STATES } from '../../replicator/job-state.ts'
import type { Job } from '../../replicator/job.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { prometheusText } from '../metrics/prometheus.ts'
import type { Replicator } from './replicator.ts'

interface Gauge {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  /** Undefined if unknown. */
  readonly read: (job: Job, stallMs: number) => number | undefined
}

const GAUGES: readonly Gauge[] = [
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

/** The replications of a server in Prometheus' text format: jobs by state, rewinds, and how each job stands. */
export function replicationMetrics(replicator: Replicator): string {
  const { jobs } = replicator.scheduler
  const states = JOB_STATES.map(state => {
    const count = jobs.filter(job => job.state === state).length
    return `couchdb_replication_jobs{state="${state}"} ${count}`
  })
  const all = [
    block('couchdb_replication_jobs', 'gauge', 'replications by state', states),
    block(
      'couchdb_replication_rewinds_total',
      'counter',
      'replications that had to go back behind a checkpoint',
      [`couchdb_replication_rewinds_total ${replicator.rewinds}`],
    ),
    ...GAUGES.map(gauge =>
      block(gauge.name, gauge.type, gauge.help, samples(gauge, jobs, replicator.stallMs)),
    ),
  ]
  return all.join('')
}

function samples({ name, read }: Gauge, jobs: readonly Job[], stallMs: number): string[] {
  return jobs.flatMap(job => {
    const value = read(job, stallMs)
    return value === undefined ? [] : [`${name}{${labels(job)}} ${value}`]
  })
}

function labels({ spec }: Job): string {
  const { document, id, source, target } = spec
  const pairs = {
    id,
    doc: document === null ? '' : `${document.database}/${document.id}`,
    source: publicUrl(source.url),
    target: publicUrl(target.url),
  }
  return Object.entries(pairs)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/["\\\n]/g, match => (match === '\n' ? '\\n' : `\\${match}`))}"`,
    )
    .join(',')
}

function block(name: string, type: string, help: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n')
}

/** The text of all metrics. */
export function metricsText(metrics: Metrics, replicator: Replicator): string {
  return prometheusText(metrics) + replicationMetrics(replicator)
}
