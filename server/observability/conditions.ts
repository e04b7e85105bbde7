import type { Authenticator } from '../auth/authenticator.ts'
import { compactionTasks } from '../compaction/tasks.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { LargeTree } from '../database/large-trees.ts'
import type { HealthReport, NodeHealth } from '../metrics/node-health.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Queries } from '../query/queries.ts'
import { divergenceOf } from '../replication/divergence-json.ts'
import type { Replicator } from '../replication/replicator.ts'
import type { RetentionCondition } from '../retention/retention.ts'
import type { StoreState } from '../storage/durable/store-health.ts'

/** The parts of a server whose state is shown to operators. */
export interface ObservedServer {
  readonly config: Config
  readonly metrics: Metrics
  readonly health: NodeHealth
  readonly catalog: Catalog
  readonly queries: Queries
  /** Live feeds of all threads. */
  readonly feeds: { readonly count: number }
  readonly authenticator: Authenticator
  readonly replicator: Replicator
  readonly retention: { readonly condition: RetentionCondition }
  readonly largeTrees: { readonly list: readonly LargeTree[] }
  readonly queues: Readonly<Record<QueueName, QueueLength>>
  /** Bytes that are held, of all threads. */
  readonly bodies: { readonly held: number }
  readonly unreadAnswers: { readonly held: number }
  /** End of the validity of the TLS certificate; undefined without TLS. */
  readonly certificateEnds: () => Date | undefined
  /** State as a node of a cluster; null where the server is none. */
  readonly cluster: () => ClusterCondition | null
}

/** State of a node of a cluster. Only the leader knows of the other members. */
export interface ClusterCondition {
  readonly node: string
  /** `leader`, `follower`, `no_leader`, `no_log` or `stopped`. */
  readonly state: string
  /** Sentence that says why balancers leave the node out; null where they do not. */
  readonly reason: string | null
  readonly leader: string | null
  /** Milliseconds since this node had everything that the leader had; null before it ever did. */
  readonly lag_ms: number | null
  /** True where the leader has another key of credentials, which jobs of this node need. */
  readonly credentials_key_differs: boolean
  /** Members that have not reported for `[cluster] jobs_timeout`. */
  readonly silent: readonly string[]
  /** Members that must join again: the log no longer has what they lack. */
  readonly too_far_behind: readonly string[]
}

/** Documents that are named. */
const MOST_TREES = 20

type QueueName = 'queries' | 'scans' | 'comparisons' | 'compactions'

/** Work that runs and that waits for its turn. */
export interface QueueLength {
  readonly running: number
  readonly waiting: number
}

/** State of a node, as `_node/_local/_health` answers it and as metrics count it. */
export interface NodeConditions extends HealthReport {
  /** Null of a store in memory. */
  readonly store: {
    readonly state: StoreState
    readonly reason: string | null
    readonly disk_full: boolean
    /** Since the start. */
    readonly damaged_reads: number
    /** Sentences on tables that were changed on disk: records may be missing. */
    readonly damaged_tables: readonly string[]
    /** Sentences on what the start found missing, with `[couchette] on_damage = report`. */
    readonly missing_at_start: readonly string[]
  } | null
  /** Bytes of request bodies, and of answers that were made and that their clients have not taken yet, about. */
  readonly held: { readonly request_bodies: number; readonly unread_answers: number }
  /** `not_after` is the end of the certificate's validity, ISO 8601; null without TLS. */
  readonly certificate: { readonly not_after: string } | null
  /** `locked` counts names that are locked now. */
  readonly logins: { readonly failures: number; readonly lockouts: number; readonly locked: number }
  readonly queues: Readonly<Record<QueueName, QueueLength>>
  readonly compactions: {
    readonly databases: number
    readonly views: number
    /** Of those that ended since the start. */
    readonly failures: number
  }
  readonly index_builds: {
    readonly running: number
    readonly changes_pending: number
    /** Of those that ended since the start. */
    readonly failures: number
  }
  /** Databases with rules for tombstones and documents with an end, and those that need a look. */
  readonly retention: RetentionCondition
  readonly replications: {
    /** Documents of `_replicator` databases by state. */
    readonly documents: Readonly<Record<string, number>>
    readonly jobs: Readonly<Record<string, number>>
    readonly stalled: number
    readonly source_silent: number
    /** Jobs whose target stays different from their source, and the documents that differ. */
    readonly diverged: number
    readonly divergent_documents: number
    /** Jobs whose last comparison, or last repair, has failed. */
    readonly unverified: number
    readonly unrepaired: number
  }
  readonly feeds: { readonly open: number }
  readonly databases: { readonly open: number }
  readonly cluster: ClusterCondition | null
  /** Documents with large revision trees that were written since the start, and the largest of them. */
  readonly large_trees: { readonly documents: number; readonly largest: readonly LargeTree[] }
  /** Settings that do not do what they say. */
  readonly configuration: { readonly findings: number }
}

/** Reads the state of a server. */
export async function readConditions(server: ObservedServer): Promise<NodeConditions> {
  const { metrics, catalog, queues } = server
  return {
    ...(await server.health.read()),
    store: storeCondition(catalog),
    held: { request_bodies: server.bodies.held, unread_answers: server.unreadAnswers.held },
    certificate: certificateCondition(server.certificateEnds()),
    logins: {
      failures: metrics.value('couchette/logins/failures'),
      lockouts: metrics.value('couchette/logins/lockouts'),
      locked: server.authenticator.lockedNames,
    },
    queues: {
      queries: lengthOf(queues.queries),
      scans: lengthOf(queues.scans),
      comparisons: lengthOf(queues.comparisons),
      compactions: lengthOf(queues.compactions),
    },
    ...workConditions(server),
    retention: server.retention.condition,
    replications: await replicationConditions(server.replicator),
    feeds: { open: server.feeds.count },
    databases: { open: catalog.openDatabases },
    cluster: server.cluster(),
    large_trees: largeTreesCondition(server.largeTrees.list),
    configuration: { findings: server.config.findings.length },
  }
}

function storeCondition({ health }: Catalog): NodeConditions['store'] {
  if (health === undefined) return null
  const { state, reason = null, isDiskFull, damagedReads, damagedTables, missingAtStart } = health
  return {
    state,
    reason,
    disk_full: isDiskFull,
    damaged_reads: damagedReads,
    damaged_tables: damagedTables,
    missing_at_start: missingAtStart,
  }
}

function largeTreesCondition(trees: readonly LargeTree[]): NodeConditions['large_trees'] {
  return { documents: trees.length, largest: trees.slice(0, MOST_TREES) }
}

function certificateCondition(ends: Date | undefined): NodeConditions['certificate'] {
  return ends === undefined ? null : { not_after: ends.toISOString() }
}

function lengthOf({ running, waiting }: QueueLength): QueueLength {
  return { running, waiting }
}

/** Counts what `_active_tasks` lists besides replications. */
function workConditions({
  queries,
  metrics,
}: ObservedServer): Pick<NodeConditions, 'compactions' | 'index_builds'> {
  const compactions = compactionTasks(queries)
  const running = (type: string): number => compactions.filter(task => task.type === type).length
  const builds = queries.tasks()
  return {
    compactions: {
      databases: running('database_compaction'),
      views: running('view_compaction'),
      failures: metrics.value('couchette/compaction/failures'),
    },
    index_builds: {
      running: builds.length,
      changes_pending: builds.reduce((sum, task) => sum + task.total_changes - task.changes_done, 0),
      failures: metrics.value('couchette/index_builds/failures'),
    },
  }
}

async function replicationConditions(replicator: Replicator): Promise<NodeConditions['replications']> {
  const reports = replicator.scheduler.jobs.flatMap(job => divergenceOf(job) ?? [])
  const lags = replicator.scheduler.jobs.map(job => job.lag(replicator.stallMs))
  return {
    documents: await replicator.documents.countByState(),
    jobs: replicator.jobsByState(),
    stalled: lags.filter(({ stalled }) => stalled !== null).length,
    source_silent: lags.filter(({ silentMs }) => silentMs !== null).length,
    diverged: reports.filter(({ documents }) => documents > 0).length,
    divergent_documents: reports.reduce((sum, { documents }) => sum + documents, 0),
    unverified: reports.filter(({ error }) => error !== null).length,
    unrepaired: reports.filter(({ repairs }) => (repairs.last?.failed ?? 0) > 0).length,
  }
}
