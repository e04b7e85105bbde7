import type { Rewind } from '../../replicator/checkpoints.ts'
import type { Ends } from '../../replicator/http/outgoing-connections.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import type {
  ReplicationPlan,
  ReplicationResult,
  ReplicationStatus,
} from '../../replicator/replication-plan.ts'
import type { Account } from '../auth/accounts.ts'
import type { JobPlaces } from '../replication/peer-places.ts'
import type { PackedError } from './packed-documents.ts'

/** Steps of a run, as `JobRun` has them. */
export type JobStep = 'start' | 'run' | 'save'

/** To the thread that runs replications, about a run that the store thread has numbered. */
export type ToJob =
  | {
      readonly kind: 'open_job'
      readonly job: number
      readonly places: JobPlaces
      readonly plan: ReplicationPlan
    }
  /** Answered with `job_done`. */
  | { readonly kind: 'job_step'; readonly job: number; readonly step: JobStep }
  | { readonly kind: 'abort_job'; readonly job: number }
  | { readonly kind: 'close_job'; readonly job: number }

/** A run as it stands; its clock is that of `performance.timeOrigin`, which threads do not share. */
export interface RunReport extends Omit<ReplicationStatus, 'idleMs'> {
  /** Time at which something was last moved, in milliseconds of the monotonic clock. */
  readonly movedAt: number
  /** Time at which the source was last heard; undefined of a database of this server. */
  readonly heardAt: number | undefined
  /** The request that has been under way for longest. */
  readonly waitingFor: string | undefined
}

export type JobEvent =
  | { readonly kind: 'refused'; readonly failure: WriteFailure }
  | { readonly kind: 'accepted'; readonly failure: WriteFailure }
  | { readonly kind: 'rewound'; readonly rewind: Rewind }
  | { readonly kind: 'heartbeat' }

/** An error of a run: one of a peer, one that clients may see, or a failure of the server. */
export interface PackedJobError {
  readonly message: string
  readonly stack: string | undefined
  readonly peer?: {
    readonly error: string
    readonly reason: string
    readonly status: number
    readonly transient: boolean
    readonly retryAfterMs: number | undefined
  }
  readonly couch?: PackedError
}

/** From the thread that runs replications. Reports are those of the moment. */
export type FromJob =
  | {
      readonly kind: 'job_done'
      readonly job: number
      readonly step: JobStep
      /** Undefined where the peers could not be opened. */
      readonly report: RunReport | undefined
      readonly result?: ReplicationResult
      readonly error?: PackedJobError
    }
  | {
      readonly kind: 'job_event'
      readonly job: number
      readonly report: RunReport | undefined
      readonly event: JobEvent
    }
  | { readonly kind: 'job_reports'; readonly reports: readonly (readonly [job: number, report: RunReport])[] }

/** Questions of the thread that runs replications. */
export type JobQuestion =
  /** Answered with the `UserContext` of now. */
  | { readonly kind: 'job_user'; readonly account: Account }
  /** Answered with the revisions of these documents that were refused before. */
  | { readonly kind: 'job_refusals'; readonly job: number; readonly ids: readonly string[] }
  /** Answered when what is to be on disk before a checkpoint is. */
  | { readonly kind: 'job_before_checkpoint'; readonly job: number }
  /** Answered when a connection is known to be one of this server's jobs; `connection_closed` reports its end. */
  | { readonly kind: 'connection_opened'; readonly ends: Ends }
  | { readonly kind: 'connection_closed'; readonly ends: Ends }
