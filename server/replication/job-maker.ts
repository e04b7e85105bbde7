import type { ReplicationDefaults } from '../../protocol/replication-options.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import type { JobSpec } from '../../replicator/job.ts'
import type { Scheduler } from '../../replicator/scheduler.ts'

/** Who asked for a replication. */
export interface JobOrigin {
  readonly document: JobSpec['document']
  readonly user: string | null
}

/** What the jobs of documents need of the replicator. */
export interface JobMaker {
  readonly scheduler: Scheduler
  readonly defaults: ReplicationDefaults
  /** @throws PeerError `filter_fetch_error` */
  specOf(request: ReplicationRequest, origin: JobOrigin): Promise<JobSpec>
}
