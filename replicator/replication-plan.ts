import type { ReplicationStats, SourceSeq } from '../protocol/checkpoint.ts'
import type { ReplicationId } from '../protocol/replication-id.ts'
import type { ReplicationOptions } from '../protocol/replication-options.ts'
import type { Rewind } from './checkpoints.ts'
import type { Change, WriteFailure } from './peer.ts'
import type { Tracer } from './tracer.ts'

/** Peers and options of a replication whose id is known. */
export interface ReplicationPlan {
  readonly id: ReplicationId
  /** The ids that older versions of CouchDB gave it, newest first. */
  readonly olderIds: readonly ReplicationId[]
  readonly options: ReplicationOptions
  /** Maximum sequences that a replication may rewind by itself; 0 for any number. */
  readonly maxRewind: number
  /** Documents whose ids have more bytes are passed over. */
  readonly maxIdBytes: number
  /** True where values are hidden on their way to the target. */
  readonly isMasked?: boolean
  /** Longest body, in bytes, that is made of a delta; 0 takes none. */
  readonly maxDeltaResult?: number
}

/** Callbacks for events of a running replication. */
export interface ReplicationEvents {
  readonly refused: (failure: WriteFailure) => void
  /** Returns earlier refusals of these documents, of which the target is asked once the documents have been moved. */
  readonly refusedOf?: (
    rows: readonly Pick<Change, 'id'>[],
  ) => readonly WriteFailure[] | Promise<readonly WriteFailure[]>
  /** A revision that was refused before is on the target. */
  readonly accepted?: (failure: WriteFailure) => void
  /** Awaited before a checkpoint is written. */
  readonly beforeCheckpoint?: () => Promise<void>
  readonly rewound: (rewind: Rewind) => void
  /** The source's live feed beat. */
  readonly heartbeat: () => void
  readonly tracer?: Tracer
}

/** Documents that came as deltas, in one run of a job. */
export interface DeltaCounts {
  readonly documents: number
  /** Bytes that the documents have beyond their deltas. */
  readonly savedBytes: number
  /** Deltas of which the document did not come out; these were fetched whole. */
  readonly failed: number
}

/** A replication as it stands, for listings. */
export interface ReplicationStatus {
  readonly stats: Readonly<ReplicationStats>
  /** The last sequence that a checkpoint holds. */
  readonly checkpointedSeq: SourceSeq
  readonly throughSeq: SourceSeq
  readonly highestSeq: SourceSeq
  /** Bytes that came from the source and went to the target in this run. */
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Documents that came as deltas, in this run; undefined where the source sends none. */
  readonly deltas?: DeltaCounts | undefined
  /** Messages of a stream that were taken in before; undefined where the source is no stream. */
  readonly duplicates?: number
  /** Documents of which each rule of the job's mask has hidden something, in this run; undefined without a mask. */
  readonly masked?: readonly number[] | undefined
  /** Rows that have been read and not yet been moved. */
  readonly queued: number
  /** Time at which something was last moved. */
  readonly lastProgressAt: Date
  /** Milliseconds since then, by the monotonic clock. */
  readonly idleMs: number
}

/** Result of a finished replication, besides `ok`. */
export type ReplicationResult = Readonly<Record<string, unknown>>

/** One run of a job, as the job sees it. */
export interface JobRun {
  readonly status: ReplicationStatus
  /** Of a run in another thread: the request that it has waited for longest. */
  readonly waitingFor?: string | undefined
  /** Of a run in another thread: when the source was last heard, by `performance.now()` of this one. */
  readonly heardAt?: number | undefined
  /** Opens both sides; afterwards the job counts as running. */
  start(signal: AbortSignal): Promise<void>
  /** Moves everything, or until the signal is aborted. */
  run(signal: AbortSignal): Promise<ReplicationResult>
  /** Saves what was moved, when the job is stopped from outside. */
  saveProgress(): Promise<void>
  /** Frees what the run itself holds. */
  close?(): void
}
