import type { Logger } from 'pino'
import type { Attachments } from './attachments/attachments.ts'
import type { Authenticator } from './auth/authenticator.ts'
import type { BackupCopies } from './backup/backup-copies.ts'
import type { OpenFeeds } from './changes/live/open-feeds.ts'
import type { Cluster } from './cluster/service/cluster.ts'
import type { AutoCompaction } from './compaction/auto-compaction.ts'
import type { Config } from './config/config.ts'
import type { Credentials } from './credentials/credentials.ts'
import type { Conflicts } from './conflicts/conflicts.ts'
import type { Catalog } from './database/catalog.ts'
import type { BodyMemory } from './http/request/body-memory.ts'
import type { UnreadAnswers } from './http/response/unread-answers.ts'
import type { RevocableRequests } from './auth/revocable-requests.ts'
import type { LogTail } from './log/log-tail.ts'
import type { Mesh } from './mesh/mesh.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Observability } from './observability/observability.ts'
import type { Queries } from './query/queries.ts'
import type { Retention } from './retention/retention.ts'
import type { Followers } from './replication/followers.ts'
import type { Replicator } from './replication/replicator.ts'
import type { Tracing } from './tracing/tracing.ts'
import type { Uuids } from './node/uuids.ts'
import type { ClientLimits } from './concurrency/client-limits.ts'
import type { FairWorkQueue } from './concurrency/fair-work-queue.ts'
import type { WorkQueue } from './concurrency/work-queue.ts'

/** The parts of a server that its routes use. */
export interface Services {
  readonly catalog: Catalog
  /** Undefined unless this server is a node of a cluster. */
  readonly cluster: Cluster | undefined
  readonly attachments: Attachments
  readonly config: Config
  readonly credentials: Credentials
  readonly authenticator: Authenticator
  readonly metrics: Metrics
  /** The memory that request bodies may take. */
  readonly bodies: BodyMemory
  /** The memory that answers take whose clients do not read them. */
  readonly unreadAnswers: UnreadAnswers
  /** The requests of each client, where `[limits]` are set. */
  readonly clientLimits: ClientLimits
  /** The requests whose rights are watched. */
  readonly live: RevocableRequests
  readonly queries: Queries
  /** Resolves conflicts by policies. */
  readonly conflicts: Conflicts
  /** Views and Mango queries that are answered. */
  readonly queryQueue: WorkQueue
  /** Pieces of lists and feeds. Databases take turns. */
  readonly readQueue: FairWorkQueue
  /** Those of feeds with filters, which may take long. */
  readonly filterQueue: FairWorkQueue
  /** Mango queries that look at every document: they do not hold up the others. */
  readonly scanQueue: WorkQueue
  /** Comparisons of databases, which take as long as their peers do: they hold up nothing else. Users take turns. */
  readonly comparisonQueue: FairWorkQueue
  readonly compactionQueue: WorkQueue
  readonly autoCompaction: AutoCompaction
  readonly retention: Retention
  /** The live feeds. */
  readonly feeds: OpenFeeds
  /** Makes ids for documents without one. */
  readonly uuids: Uuids
  /** The server's uuid: stable over restarts, part of replication ids. */
  readonly uuid: string
  readonly replicator: Replicator
  readonly followers: Followers
  readonly mesh: Mesh
  /** Takes writes to other members of the mesh. */
  readonly quorum: Pick<Mesh['quorum'], 'write'>
  readonly serverHeader: string
  /** Begins to close the server and open it again, where whoever started it can. */
  readonly restart: (() => void) | undefined
  readonly log: Logger
  /** Undefined unless a collector is configured. */
  readonly tracing: Tracing | undefined
  readonly logTail: LogTail
  readonly backups: BackupCopies
  readonly observability: Observability
}
