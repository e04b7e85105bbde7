import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Attachments } from '../attachments/attachments.ts'
import { openAttachments } from '../attachments/open.ts'
import { BackupCopies } from '../backup/backup-copies.ts'
import type { Cluster } from '../cluster/service/cluster.ts'
import { hasStore } from '../cluster/snapshot/take-snapshot.ts'
import { SecretBox } from '../credentials/secret-box.ts'
import { DatabaseEvents } from '../changes/database-events.ts'
import { OpenFeeds } from '../changes/live/open-feeds.ts'
import { Conflicts } from '../conflicts/conflicts.ts'
import { reportBuilds } from '../log/report-builds.ts'
import { componentLog } from '../log/log.ts'
import { Queries } from '../query/queries.ts'
import { checkAfterCrash, checkAttachmentFiles } from './check-after-crash.ts'
import type { Store } from '../storage/store.ts'
import type { FrontThreads } from '../threads/store/front-threads.ts'
import type { Disposal } from './disposal.ts'
import { frontThreadsOf, threadsOf } from './front-threads.ts'
import { type GuardedCatalog, openGuardedCatalog } from './guarded-catalog.ts'
import type { Listeners } from './listeners.ts'
import type { NodeParts } from './open-node.ts'
import { clusterOf } from './open-cluster.ts'
import { onDamage, openServerStore, watchTables } from './open-store.ts'
import type { CouchetteOptions } from './options.ts'

/** Databases with what follows their commits: queries, feeds, users, rights. */
export interface DatabaseParts extends GuardedCatalog {
  readonly attachments: Attachments
  readonly backups: BackupCopies
  /** Copies that other nodes of a cluster begin with. */
  readonly snapshots: BackupCopies
  readonly queries: Queries
  readonly conflicts: Conflicts
  readonly feeds: OpenFeeds
  readonly store: Store
  readonly secrets: SecretBox
  /** Undefined where one thread does everything. */
  readonly fronts: FrontThreads | undefined
  /** Undefined unless this server is a node of a cluster. */
  readonly cluster: Cluster | undefined
}

/**
 * Opens the store and everything over it. At the end connections are ended before the queries and the store that their
 * requests use are closed.
 *
 * @throws {StoreUnavailableError} when the data is held by another process, of a newer format, of another key, or damaged
 */
export async function openDatabases(
  options: CouchetteOptions,
  node: NodeParts,
  listeners: Listeners,
  disposal: Disposal,
): Promise<DatabaseParts> {
  const { config, log, metrics, tracing } = node
  const [storeLog, feedLog] = [componentLog(log, 'store'), componentLog(log, 'feeds')]
  const cluster = await clusterOf(options, config, log)
  const threads = threadsOf(
    config,
    {
      isInMemory: options.memory === true,
      isInCluster: cluster !== undefined,
      isTraced: tracing !== undefined,
      cores: availableParallelism(),
    },
    componentLog(log, 'threads'),
  )
  if (cluster !== undefined && options.memory !== true && !(await hasStore(options.data)))
    await cluster.begin(options.data)
  const store = await openServerStore(options, config, storeLog, threads > 1)
  disposal.add(() => store.close())
  watchTables(store, options, config, storeLog, disposal)
  // Comparisons sort there: what a crash left is of no use.
  if (options.memory !== true) await rm(join(options.data, 'compare'), { recursive: true, force: true })
  const secrets = await openSecrets(options, config)
  const fronts = frontThreadsOf(threads, options, node, store)
  const feeds = new OpenFeeds(error => feedLog.warn({ err: error }, 'a feed failed'))
  metrics.gauge('couchdb/httpd/clients_requesting_changes', () => feeds.count + (fronts?.feeds ?? 0))
  const directory = options.memory === true ? undefined : join(options.data, 'attachments')
  if (directory !== undefined) await checkAttachmentFiles(store, directory, onDamage(config), storeLog)
  const attachments = await openAttachments(store, directory, config, cluster !== undefined)
  disposal.add(() => attachments.close())
  const { backups, snapshots } = await openCopies(options, node, { store, attachments }, disposal)
  const queries = new Queries(config, componentLog(log, 'queries'))
  reportBuilds(queries, metrics, componentLog(log, 'queries'))
  disposal.add(() => queries.close())
  const conflicts = new Conflicts({
    config,
    sandbox: queries.sandbox,
    log: componentLog(log, 'conflicts'),
    mayWrite: () => cluster?.isLeader !== false,
  })
  disposal.add(() => listeners.end())
  disposal.add(() => fronts?.close())
  // After the databases: their last writes need a leader.
  disposal.add(() => cluster?.close())
  const guarded = await openGuardedCatalog(
    {
      store,
      attachments,
      config,
      metrics,
      queries,
      conflicts,
      log: componentLog(log, 'compaction'),
      tracing,
      fronts,
      cluster,
    },
    disposal,
  )
  if (config.boolean('couchette', 'check_after_crash'))
    await checkAfterCrash(store, guarded.catalog, onDamage(config), storeLog)
  if (cluster === undefined) {
    const events = new DatabaseEvents(guarded.catalog, error =>
      feedLog.error({ err: error }, '_db_updates failed'),
    )
    disposal.add(() => events.close())
  }
  // A password whose hash is being replaced is still written, and told as an update.
  disposal.add(() => guarded.users.close())
  return {
    ...guarded,
    attachments,
    backups,
    snapshots,
    queries,
    conflicts,
    feeds,
    store,
    secrets,
    fronts,
    cluster,
  }
}

/** Opens the copies of the store that are made while it is in use; those that a crash left are removed. */
async function openCopies(
  { memory, data }: CouchetteOptions,
  { config, log }: NodeParts,
  stored: { readonly store: Store; readonly attachments: Attachments },
  disposal: Disposal,
): Promise<{ readonly backups: BackupCopies; readonly snapshots: BackupCopies }> {
  const copies = {
    ...stored,
    data: memory === true ? undefined : data,
    maxIdle: () => config.integer('backup', 'max_idle'),
    log: componentLog(log, 'backup'),
  }
  const backups = new BackupCopies({ ...copies, directory: 'backup-in-progress' })
  const snapshots = new BackupCopies({ ...copies, directory: 'snapshot-of-this-node' })
  for (const opened of [backups, snapshots]) {
    await opened.open()
    disposal.add(() => opened.close())
  }
  return { backups, snapshots }
}

/** Opens the box of secrets with the key in `[couchette] credentials_key_file`; a server in memory has a key for itself. */
async function openSecrets({ memory, data }: CouchetteOptions, config: Config): Promise<SecretBox> {
  if (memory === true) return new SecretBox()
  const path = config.text('couchette', 'credentials_key_file')
  return SecretBox.open(path === '' ? join(data, 'credentials.key') : path)
}
