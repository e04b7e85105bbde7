import type { ReplicationEndpoint } from '../protocol/replication-endpoint.ts'
import type { Rewind } from './checkpoints.ts'
import type { Peer, WriteFailure } from './peer.ts'
import type { JobRun, ReplicationEvents, ReplicationPlan, ReplicationStatus } from './replication-plan.ts'
import type { Tracer } from './tracer.ts'
import type { Divergence } from './verification/divergence.ts'
import type { VerifyLimits, VerifyNotice } from './verification/verifier.ts'

/** Both sides of a job. */
export interface JobPeers {
  readonly source: Peer
  readonly target: Peer
  /** Makes the run of a job that is no replication between databases. */
  readonly makeRun?: (events: ReplicationEvents) => JobRun
}

/** A replication to be scheduled. */
export interface JobSpec {
  /** The replication's id with the options that tell jobs apart: "…+continuous". */
  readonly id: string
  readonly plan: ReplicationPlan
  readonly source: ReplicationEndpoint
  readonly target: ReplicationEndpoint
  /** The document that asks for it; null of a `_replicate` request. */
  readonly document: { readonly database: string; readonly id: string } | null
  readonly user: string | null
  /** The name of the source where it is a database of this server. */
  readonly localSource: string | null
  readonly open: () => Promise<JobPeers>
  readonly refused?: (failure: WriteFailure) => void
  readonly rewound?: (rewind: Rewind) => void
  readonly notify?: (notice: JobNotice) => void
  readonly tracer?: Tracer
  readonly verification?: JobVerification
  /** Returns the rules of the job's mask with what each has hidden. */
  readonly masked?: () => readonly object[]
}

/** Divergence of a job's target from its source, and how it is found. */
export interface JobVerification {
  readonly divergence: Divergence
  readonly limits: VerifyLimits
  /** Called when the divergence is to be stored. */
  readonly changed: () => void
  /** Stores refusals; a checkpoint waits for it, so that what it passes over is known for good. */
  readonly flush: () => Promise<void>
}

/** An event of a job that is logged. */
export type JobNotice =
  | { readonly kind: 'started'; readonly crashes: number }
  | { readonly kind: 'recovered'; readonly crashes: number }
  | { readonly kind: 'completed'; readonly status: ReplicationStatus | undefined }
  /** @param retryMs null for a job that is not started again */
  | {
      readonly kind: 'crashed'
      readonly error: Error
      readonly crashes: number
      readonly retryMs: number | null
    }
  /** It was stopped: its document went away or changed, or another job has its turn. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'stalled'; readonly forMs: number; readonly waitingFor: string }
  /** Something of a stalled job has moved. */
  | { readonly kind: 'unstalled'; readonly afterMs: number }
  | { readonly kind: 'silent'; readonly forMs: number }
  | { readonly kind: 'heardAgain'; readonly afterMs: number }
  | VerifyNotice
