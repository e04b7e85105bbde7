import type { Logger } from 'pino'
import type { Attachments } from '../attachments/attachments.ts'
import { StoredUsers, usersDatabase } from '../auth/users/directory.ts'
import type { Cluster } from '../cluster/service/cluster.ts'
import { reportCompactions } from '../compaction/report.ts'
import type { Config } from '../config/config.ts'
import type { Conflicts } from '../conflicts/conflicts.ts'
import { Catalog } from '../database/catalog.ts'
import type { CommitSubscriber } from '../database/commit/commit-record.ts'
import type { Database, DatabaseHooks } from '../database/database.ts'
import { LargeTrees } from '../database/large-trees.ts'
import type { Disposal } from './disposal.ts'
import { RevocableRequests } from '../auth/revocable-requests.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Queries } from '../query/queries.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { FrontThreads } from '../threads/store/front-threads.ts'
import type { Store } from '../storage/store.ts'
import { createSystemDatabases, systemHooks } from './system-databases.ts'

export interface GuardedCatalog {
  readonly catalog: Catalog
  readonly users: StoredUsers
  readonly live: RevocableRequests
  readonly largeTrees: LargeTrees
}

export interface CatalogParts {
  readonly store: Store
  readonly attachments: Attachments
  readonly config: Config
  readonly metrics: Metrics
  readonly queries: Queries
  readonly conflicts: Conflicts
  readonly log: Logger
  readonly tracing: Tracing | undefined
  /** Threads that read what is written here. */
  readonly fronts: FrontThreads | undefined
  /** The cluster that this server is a node of. */
  readonly cluster: Cluster | undefined
}

/** The databases of a store, those who may use them, and the watch over requests whose right goes away. */
export async function openGuardedCatalog(
  { store, attachments, config, metrics, queries, conflicts, log, tracing, fronts, cluster }: CatalogParts,
  disposal: Disposal,
): Promise<GuardedCatalog> {
  const report = reportCompactions(queries, metrics, log)
  const largeTrees = largeTreesOf(config, log)
  const hooks: DatabaseHooks = {
    trees: largeTrees,
    ...systemHooks(config, name => catalog.open(name)),
    ...(tracing === undefined
      ? {}
      : {
          traceWrite: (database, kind, write) =>
            tracing.child('commit', { 'db.namespace': database, 'db.operation.name': kind }, write),
        }),
    extend: async database => {
      report(database)
      const { subscriber, validators } = await queries.attach(database)
      const watch = watchCommits(database, { config, metrics, largeTrees, live: () => live })
      const isUsers = (): boolean => database.name === usersDatabase(config)
      const followers = fronts === undefined ? [] : [fronts.subscriberFor(database, isUsers)]
      return { subscribers: [subscriber, watch, conflicts.attach(database), ...followers], validators }
    },
    ...(cluster === undefined
      ? {}
      : {
          replicate: (changes, batch) => cluster.replicate(changes, batch),
          writeAtLeader: (database, request) => cluster.leaderWrites.ask(database, request),
        }),
    ...(fronts === undefined ? {} : { whenFollowed: () => fronts.whenFollowed() }),
  }
  const catalog: Catalog = new Catalog(store, attachments, hooks)
  disposal.add(() => catalog.close())
  disposal.add(() => conflicts.close())
  const users = new StoredUsers(config, catalog, metrics)
  disposal.add(() => users.close())
  const live = new RevocableRequests(users)
  config.onChange('admins', () => void live.usersChanged())
  config.onChange('chttpd_auth', key => {
    if (key === 'authentication_db') void live.usersChanged()
  })
  catalog.listen((event, name) => {
    if (event === 'deleted') largeTrees.dropped(name)
  })
  metrics.gauge('couchdb/open_databases', () => catalog.openDatabases)
  // In a cluster its leader makes them.
  if (cluster === undefined) await createSystemDatabases(catalog)
  return { catalog, users, live, largeTrees }
}

function largeTreesOf(config: Config, log: Logger): LargeTrees {
  const limits = {
    leaves: () => config.integer('couchette', 'large_tree_leaves'),
    revisions: () => config.integer('couchette', 'large_tree_revisions'),
  }
  return new LargeTrees(limits, tree =>
    log.warn(
      { ...tree },
      'a document has a large revision tree: resolve its conflicts, and purge or compact what is not needed',
    ),
  )
}

interface WatchParts {
  readonly config: Config
  readonly metrics: Metrics
  readonly largeTrees: LargeTrees
  readonly live: () => RevocableRequests
}

/** Counts commits, and ends requests whose right to go on a commit takes away. */
function watchCommits(
  database: Database,
  { config, metrics, largeTrees, live }: WatchParts,
): CommitSubscriber {
  return {
    apply: ({ changes, removals, security }) => {
      for (const { id } of removals) largeTrees.removed(database.name, id)
      metrics.count('couchdb/database_writes')
      metrics.count('couchdb/document_writes', changes.length)
      if (security !== undefined) live().securityChanged(database, database.security)
      if (database.name === usersDatabase(config)) void live().usersChanged()
    },
    reload: ({ hasFailed }) => {
      if (hasFailed) live().securityChanged(database, database.security)
    },
  }
}
