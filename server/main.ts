import { join } from 'node:path'
import { warmUp } from '../replicator/http/warm-up.ts'
import { PerUserDatabases } from './auth/users/peruser.ts'
import { requestHandler } from './app/request-handler.ts'
import { ClusterFront } from './cluster/front/cluster-front.ts'
import type { Cluster } from './cluster/service/cluster.ts'
import { ownClusterUrl } from './cluster/service/cluster-settings.ts'
import { componentLog } from './log/log.ts'
import type { RequestHandler } from './http/connection/listener.ts'
import { listenForPrometheus } from './metrics/prometheus-port.ts'
import { tlsOptions } from './replication/replication-settings.ts'
import { JobsReporter } from './replication/jobs-report.ts'
import type { Services } from './services.ts'
import { Disposal } from './start/disposal.ts'
import { collectWhenIdle } from './node/idle-collection.ts'
import { VERSION } from './node/version.ts'
import { LeaderJobs } from './start/leader-jobs.ts'
import { FrontThreadsError, takeConnections } from './start/front-threads.ts'
import { Listeners } from './start/listeners.ts'
import { sizeHeaps, sparesMemory } from './start/memory.ts'
import { type DatabaseParts, openDatabases } from './start/open-databases.ts'
import { type NodeParts, openNode } from './start/open-node.ts'
import { openServices } from './start/open-services.ts'
import type { CouchetteOptions } from './start/options.ts'
import { atStart } from './storage/unavailable.ts'
import { tlsCredentials } from './tls/credentials.ts'

export type { CouchetteOptions } from './start/options.ts'

export interface Couchette {
  /** Without credentials: "http://127.0.0.1:5984". */
  readonly url: string
  readonly port: number
  /** The port of TLS, where `[ssl]` is enabled. */
  readonly tlsPort: number | undefined
  /** The administrator that was made because there was none: to be shown once. */
  readonly createdAdmin: { readonly name: string; readonly password: string } | undefined
  /** The port of metrics, where `[prometheus] additional_port` is set. */
  readonly metricsPort: number | undefined
  /** Opens the log's file again, after it was moved away; undefined where the log goes elsewhere. */
  readonly reopenLog: (() => void) | undefined
  /** Findings about the configuration that an operator should know, a sentence each; they are logged, too. */
  readonly warnings: readonly string[]
  /**
   * Loads the client of peers before the first replication needs it; undefined where memory is spared, or another thread
   * replicates.
   */
  readonly warmUp: (() => Promise<void>) | undefined
  /** Waits for what was accepted, ends feeds and connections. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a server; it listens when this resolves. A start that fails closes what it had opened: the directory is free.
 *
 * @throws {StoreUnavailableError} when the data is held by another process, of a newer format, of another key, or damaged
 * @throws {StartError} for an address, a directory or a file that cannot be used
 */
export async function createServer(options: CouchetteOptions): Promise<Couchette> {
  const disposal = new Disposal()
  try {
    return await start(options, disposal)
  } catch (error) {
    await disposal.close().catch(() => undefined)
    if (error instanceof FrontThreadsError && error.isAutomatic) return createServer(withOneThread(options))
    throw atStart(join(options.data, 'store'), error)
  }
}

function withOneThread(options: CouchetteOptions): CouchetteOptions {
  const threads = { section: 'couchette', key: 'threads', value: '1' }
  return { ...options, settings: [...(options.settings ?? []), threads] }
}

/** Files are made for this account alone, whatever the shell's mask: LevelDB has no setting for their mode. */
const UMASK = 0o077

const LOST_KEY =
  'The key of credentials was missing, and a new one was made: put the file back, or store these credentials again'

/** Opens the parts of a server from the inside out, and listens when all are there. */
async function start(options: CouchetteOptions, disposal: Disposal): Promise<Couchette> {
  process.umask(UMASK)
  const node = await openNode(options, disposal)
  const { config, log } = node
  sizeHeaps(config)
  disposal.add(collectWhenIdle())
  const listeners = new Listeners()
  const databases = await openDatabases(options, node, listeners, disposal)
  for (const warning of config.warnings) log.warn({ component: 'config' }, warning)
  // Read by jobs later, perhaps by another thread: what is wrong with its files is a sentence at the start.
  tlsOptions(config)
  const certificate = config.boolean('ssl', 'enable') ? await tlsCredentials(config, options.data) : undefined
  let address = { url: '', address: '', port: 0 }
  const facts = {
    address: () => address,
    certificateEnds: () => certificate?.ends,
    restart: options.onRestart,
  }
  const services = openServices(node, databases, facts, disposal)
  const lost = await services.credentials.lost()
  if (lost.length > 0) log.error({ component: 'replication', credentials: lost }, LOST_KEY)
  const handle = requestHandler(services)
  disposal.add(() => listeners.stop())
  const onRequest = throughCluster(services.cluster, handle, disposal)
  const connections = databases.fronts?.count('connections')
  const { bind, plain, tls } = await listeners.listen(config, onRequest, certificate?.options, connections)
  config.tellListening({ bind, port: plain.port })
  const { authenticator, replicator, quorum } = services
  const takers = { ...databases, config, log, authenticator, replicator, quorum, plain, handle: onRequest }
  await takeConnections(takers, disposal)
  const url = `http://${bind.includes(':') ? `[${bind}]` : bind}:${plain.port}`
  address = { url, address: plain.address, port: plain.port }
  const metricsPort = await listenForPrometheus(config, () => services.observability.prometheus())
  if (metricsPort !== undefined) listeners.add(metricsPort)
  await startJobs({ node, databases, services, url }, disposal)
  return {
    url,
    port: plain.port,
    tlsPort: tls?.port,
    createdAdmin: config.createdAdmin,
    metricsPort: metricsPort?.port,
    warnings: config.warnings,
    reopenLog: node.reopenLog,
    warmUp: sparesMemory(config) || databases.fronts !== undefined ? undefined : warmUp,
    close: () => disposal.close(),
  }
}

/** Puts what forwards requests to the leader of a cluster before a handler, where there is a cluster. */
function throughCluster(
  cluster: Cluster | undefined,
  handle: RequestHandler,
  disposal: Disposal,
): RequestHandler {
  if (cluster === undefined) return handle
  const front = new ClusterFront(cluster, handle)
  disposal.add(() => front.close())
  return front.onRequest
}

interface StartedParts {
  readonly node: NodeParts
  readonly databases: DatabaseParts
  readonly services: Services
  readonly url: string
}

/** Starts what runs beside requests: databases of new users, and replications. In a cluster its members share them. */
async function startJobs(parts: StartedParts, disposal: Disposal): Promise<void> {
  const { config, catalog, queries, conflicts, replicator, followers, mesh, cluster } = parts.services
  disposal.add(() => replicator.close())
  disposal.add(() => followers.pause())
  disposal.add(() => mesh.pause())
  if (cluster === undefined) {
    const perUser = new PerUserDatabases(config, catalog, componentLog(parts.node.log, 'auth'))
    disposal.add(() => perUser.close())
    await replicator.start()
    await followers.start()
    await mesh.start()
    conflicts.start(catalog)
  } else await startCluster(cluster, parts, disposal)
  disposal.add(() => config.hasher.close())
  // First of all: writes and index builds that are finished may wait for functions that never end.
  disposal.add(() => queries.sandbox.stop(config.integer('couchette', 'function_stop_timeout')))
}

/** Begins to follow the log of the cluster. A leader goes on until the writes that it accepted are done, and then resigns. */
async function startCluster(
  cluster: Cluster,
  { node, databases, services, url }: StartedParts,
  disposal: Disposal,
): Promise<void> {
  const work = new LeaderJobs(node, databases, services)
  const { store, attachments, snapshots } = databases
  cluster.start({
    store,
    content: attachments.shared,
    catalog: services.catalog,
    url: ownClusterUrl(services.config, url),
    work,
    copies: store.copyTo === undefined ? undefined : snapshots,
    version: VERSION,
    secrets: databases.secrets,
    jobs: new JobsReporter(services.replicator),
  })
  disposal.add(() => cluster.stopFollowing())
  disposal.add(() => work.end())
  // What they have moved is saved through the leader.
  disposal.add(() => services.replicator.stopDocuments())
  await services.replicator.start()
}
