import type { LostKeys } from '../storage/leveldb/table-file.ts'
import type { UserContext } from '../../protocol/user-context.ts'
import type { Written } from '../mesh/quorum.ts'
import type { CountedDurations } from '../metrics/durations.ts'
import type { FromJob, JobQuestion, ToJob } from './job-messages.ts'
import type { PackedDocuments, PackedError } from './packed-documents.ts'

/** The configuration, as it crosses to a thread. */
export type ConfigValues = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Address at which the store thread takes forwarded requests, and the secret that proves them. */
export interface Link {
  readonly path: string
  readonly token: string
}

/** Data that a thread beside the store thread is started with. */
export interface FollowerData {
  readonly config: ConfigValues
  readonly store: { readonly directory: string; readonly dataKey: Uint8Array | undefined }
  readonly logLevel: string | undefined
}

/** Data that a front thread is started with. */
export interface FrontThreadData extends FollowerData {
  readonly link: Link
  /** The listening socket, to be duplicated. */
  readonly descriptor: number
  readonly serverHeader: string
  readonly forwardsAll: boolean
  readonly epoch: number
  /** Of `SharedCounts`, and which row of them is the thread's. */
  readonly counts: SharedArrayBuffer
  /** Of `ClientLimits`. */
  readonly clients: SharedArrayBuffer
  readonly thread: number
}

/** To every thread beside the store thread. Those with a number are acknowledged once they hold there. */
export type ToFollower =
  | { readonly kind: 'config_changed'; readonly number: number; readonly values: ConfigValues }
  | { readonly kind: 'close_store'; readonly number: number }
  | { readonly kind: 'open_store'; readonly number: number }
  /** Tables were found damaged that have these keys. */
  | { readonly kind: 'keys_lost'; readonly number: number; readonly keys: readonly LostKeys[] }
  /** A database that the thread watches has more changes. */
  | { readonly kind: 'advanced'; readonly database: number }
  | { readonly kind: 'database_closed'; readonly database: number }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  /** Ends what is left, and the thread. */
  | { readonly kind: 'end' }

/** To a front thread. */
export type ToFront =
  | ToFollower
  /** Users, settings or locks changed: approvals of earlier epochs count for nothing. */
  | { readonly kind: 'users_changed'; readonly number: number; readonly epoch: number }
  | { readonly kind: 'security_changed'; readonly number: number; readonly database: number }
  /** Asks for what was counted since the last time. */
  | { readonly kind: 'report'; readonly number: number }
  /** Takes no more connections. */
  | { readonly kind: 'stop' }

/** To the thread that runs replications. */
export type ToJobs = ToFollower | ToJob

/** From every thread beside the store thread. */
export type FromFollower =
  /** The thread is ready: a front thread takes connections. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'acknowledged'; readonly number: number }
  /** Everything that was asked in a turn of its event loop. */
  | { readonly kind: 'asks'; readonly asks: readonly Ask[]; readonly writes: PackedWrites | undefined }
  /** Lines of the log, as they are written to it. */
  | { readonly kind: 'log'; readonly lines: readonly string[] }

/** From a front thread. */
export type FromFront = FromFollower | ({ readonly kind: 'counted' } & Counted)

/** From the thread that runs replications. */
export type FromJobs = FromFollower | FromJob

/** Counts of a front thread since it told the last time, and the number of feeds that are open there. */
export interface Counted {
  readonly counters: ReadonlyMap<string, number>
  readonly requestTime: CountedDurations
  readonly feeds: number
}

/** A database as both sides name it. */
export interface NamedDatabase {
  readonly name: string
  readonly number: number
}

/** Roles and salt of a user, which decide whether a request may go on. */
export interface AccountState {
  readonly roles: readonly string[]
  readonly salt: string
}

/** Questions that front threads ask the store thread. */
export type Question =
  /** Subscribes to its changes. Answered with nothing. */
  | { readonly kind: 'watch'; readonly database: NamedDatabase }
  /** Answered with an `AccountState`, undefined where there is none. */
  | { readonly kind: 'account'; readonly user: string }
  /** Answered with a number, as are the changes before a sequence. */
  | { readonly kind: 'documents_before'; readonly database: NamedDatabase; readonly key: Uint8Array }
  | { readonly kind: 'changes_before'; readonly database: NamedDatabase; readonly seq: number }
  /** To take revisions to other members of the mesh. Answered with `Copies`. */
  | {
      readonly kind: 'reach_quorum'
      readonly database: NamedDatabase
      readonly written: readonly Written[]
      readonly wanted: number
    }
  | JobQuestion

export interface Ask {
  readonly id: number
  readonly question: Question
}

/** Documents that are to be written, of one request. Answered with `PackedOutcomes` when they are on disk. */
export interface Write {
  readonly id: number
  readonly database: NamedDatabase
  /** Number of its documents. */
  readonly count: number
  readonly replicated: boolean
  readonly user: UserContext
}

/** The documents of several requests, one request behind the other. */
export interface PackedWrites {
  readonly writes: readonly Write[]
  readonly documents: PackedDocuments
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: AskError
}

/** Why a question was not answered: what a client may see, or a failure of the server. */
export type AskError = PackedError | { readonly failure: string }

/** The user whom credentials proved, as the store thread tells it along with an answer that it forwards. */
export interface Approval {
  readonly user: UserContext
  /** See `Account`. */
  readonly proof?: string | undefined
  readonly epoch: number
  /** Milliseconds after which the credentials are looked at again. */
  readonly lifetimeMs: number
  /** Counters that each further use counts. */
  readonly counts: readonly string[]
}
