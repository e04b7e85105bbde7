import type { JobState } from '../../replicator/job-state.ts'
import type { JobNotice } from '../../replicator/job.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Counts an event of a job. */
export function countNotice(notice: JobNotice, metrics: Metrics): void {
  switch (notice.kind) {
    case 'started':
      return metrics.count('couch_replicator/jobs/starts')
    case 'recovered':
      return metrics.count('couchette/replication/recoveries')
    case 'completed':
      return metrics.count('couchette/replication/completions')
    case 'crashed':
      metrics.count('couch_replicator/jobs/crashes')
      if (notice.retryMs === null) metrics.count('couchette/replication/failures')
      return
    case 'stalled':
      return metrics.count('couchette/replication/stalls')
    case 'silent':
      return metrics.count('couchette/replication/source_silences')
    case 'diverged':
      return metrics.count('couchette/replication/divergences')
    case 'unverified':
      return metrics.count('couchette/replication/verification_failures')
    case 'repaired':
      metrics.count('couchette/replication/documents_repaired', notice.record.repaired)
      return metrics.count('couchette/replication/documents_unrepaired', notice.record.failed)
    case 'converged':
    case 'stopped':
    case 'unstalled':
    case 'heardAgain':
      return
  }
}

/** Registers the gauges of CouchDB's scheduler, which count the jobs in each state. */
export function watchJobCounts(
  replicator: { readonly jobsByState: () => Record<JobState, number> },
  metrics: Metrics,
): void {
  const count = (path: string, of: (states: Record<JobState, number>) => number): void =>
    metrics.gauge(`couch_replicator/jobs/${path}`, () => of(replicator.jobsByState()))
  count('running', states => states.running)
  count('pending', states => states.pending)
  count('crashed', states => states.crashing)
  count('total', states => Object.values(states).reduce((sum, jobs) => sum + jobs, 0))
}
