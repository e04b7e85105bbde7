import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { openAttachments } from './attachments/open.ts'
import { conflictFamilies } from './conflicts/conflict-families.ts'
import { indexExistingConflicts } from './database/conflicts/index-existing.ts'
import { DatabaseEvents } from './changes/database-events.ts'
import { OpenFeeds } from './changes/live/open-feeds.ts'
import { AutoCompaction } from './compaction/auto-compaction.ts'
import type { Config } from './config/config.ts'
import { Authenticator } from './auth/authenticator.ts'
import type { Override } from './config/overrides.ts'
import { openConfig } from './start/config-sources.ts'
import { Disposal } from './start/disposal.ts'
import { checkAfterCrash } from './start/check-after-crash.ts'
import { openGuardedCatalog } from './start/guarded-catalog.ts'
import { createApp } from './app/app.ts'
import { BodyMemory } from './http/request/body-memory.ts'
import { UnreadAnswers } from './http/response/unread-answers.ts'
import { type Listener, listenPlain, listenTls, type RequestHandler } from './http/connection/listener.ts'
import { componentLog, createLog } from './log/log.ts'
import { reportBuilds } from './log/report-builds.ts'
import { reportLogins } from './log/report-logins.ts'
import { reportSettings } from './log/report-settings.ts'
import { openLogWriter } from './log/log-writer.ts'
import { listenForPrometheus } from './metrics/prometheus-port.ts'
import { type TlsCredentials, tlsCredentials } from './tls/credentials.ts'
import { Replicator } from './replication/replicator.ts'
import { LogTail } from './log/log-tail.ts'
import { NodeHealth } from './metrics/node-health.ts'
import { Metrics } from './metrics/metrics.ts'
import { PerUserDatabases } from './auth/users/peruser.ts'
import { Observability } from './observability/observability.ts'
import { Queries } from './query/queries.ts'
import { fileError } from './config/start-error.ts'
import type { OnDamage } from './storage/durable/recovery.ts'
import { type KeySources, readMasterKeys } from './storage/encryption/master-key.ts'
import { openMemoryStore, openStore, type Store } from './storage/store.ts'
import { Uuids } from './node/uuids.ts'
import { COUCHDB_VERSION, VERSION } from './node/version.ts'
import { createWorkQueues } from './start/work-queues.ts'

export interface CouchetteOptions {
  /** The directory that holds the databases and the configuration; made when it is not there. */
  readonly data: string
  /** 0 takes any free port. Default: `[chttpd] port`, 5984. */
  readonly port?: number
  /** Default: `[chttpd] bind_address`, 127.0.0.1: only this machine. */
  readonly bind?: string
  /**
   * The administrator to have: made where there is none of that name, else given this password. Without one, and without
   * one configured, one is made with a generated password.
   */
  readonly admin?: { readonly name: string; readonly password: string }
  /** Keeps databases in memory, for tests. */
  readonly memory?: boolean
  readonly logLevel?: string
  /** Called when an administrator asks for a restart; without it there is no `_restart`. */
  readonly onRestart?: () => void
  /** Files with the key that the data is encrypted under, and with the one before it. */
  readonly encryption?: Pick<KeySources, 'keyFile' | 'previousKeyFile'>
  /** Settings that beat those of the files. */
  readonly settings?: readonly Override[]
  /** Read for `COUCHDB_USER`, `COUCHDB_PASSWORD` and `COUCHETTE_ENCRYPTION_KEY`, … Default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

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
  /** Opens the log's file anew, after it was moved away; undefined where the log goes elsewhere. */
  readonly reopenLog: (() => void) | undefined
  /** Findings about the configuration that an operator should know, a sentence each; they are logged, too. */
  readonly warnings: readonly string[]
  /** Waits for what was accepted, ends feeds and connections. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a server; it listens when this resolves. A start that fails closes what it had opened: the directory is free.
 *
 * @throws {StoreUnavailableError} when the data is held by another process, of a newer format, or of another key
 * @throws {StartError} for an address, a directory or a file that cannot be used
 */
export async function createServer(options: CouchetteOptions): Promise<Couchette> {
  const disposal = new Disposal()
  try {
    return await start(options, disposal)
  } catch (error) {
    await disposal.close().catch(() => undefined)
    throw error
  }
}

/** Files are made for this account alone, whatever the shell's mask: LevelDB has no setting for their mode. */
const UMASK = 0o077

async function start(options: CouchetteOptions, disposal: Disposal): Promise<Couchette> {
  process.umask(UMASK)
  await mkdir(options.data, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, 'The data directory', options.data)
  })
  const config = await openConfig(options)
  disposal.add(() => config.close())
  const writer = await openLogWriter(config, options.data)
  disposal.add(() => writer.close())
  const logTail = new LogTail(() => config.integer('couchette', 'log_tail'))
  const log = createLog(config, logTail.beside(writer.stream), options.logLevel)
  const health = new NodeHealth(options.data)
  disposal.add(() => health.close())
  const store = await openStoreOf(options, config, componentLog(log, 'store'))
  disposal.add(() => store.close())
  const metrics = new Metrics()
  reportSettings(config, metrics, componentLog(log, 'config'))
  const feedLog = componentLog(log, 'feeds')
  const feeds = new OpenFeeds(error => feedLog.warn({ err: error }, 'a feed failed'))
  metrics.gauge('couchdb/httpd/clients_requesting_changes', () => feeds.count)
  const directory = options.memory === true ? undefined : join(options.data, 'attachments')
  const attachments = await openAttachments(store, directory, config)
  disposal.add(() => attachments.close())
  const queries = new Queries(config, componentLog(log, 'queries'))
  reportBuilds(queries, metrics, componentLog(log, 'queries'))
  disposal.add(() => queries.close())
  const listeners: Listener[] = []
  disposal.add(() => endConnections(listeners))
  const { catalog, users, live } = await openGuardedCatalog(
    { store, attachments, config, metrics, queries, log: componentLog(log, 'compaction') },
    disposal,
  )
  if (config.boolean('couchette', 'check_after_crash'))
    await checkAfterCrash(store, catalog, onDamage(config), componentLog(log, 'store'))
  const events = new DatabaseEvents(catalog, error => feedLog.error({ err: error }, '_db_updates failed'))
  disposal.add(() => events.close())
  // A password that is being hashed anew is still written, and told as an update.
  disposal.add(() => users.close())
  const uuid = config.text('couchdb', 'uuid')
  let address = { url: '', address: '', port: 0 }
  const authenticator = new Authenticator(config, users, metrics)
  reportLogins(authenticator, { config, metrics, log: componentLog(log, 'auth') })
  for (const warning of config.warnings) log.warn({ component: 'config' }, warning)
  const replicator = new Replicator({
    config,
    uuid,
    catalog,
    log: componentLog(log, 'replication'),
    metrics,
    authenticator,
    users,
    address: () => address,
  })
  const queues = createWorkQueues(config)
  const autoCompaction = new AutoCompaction({
    catalog,
    queries,
    config,
    queue: queues.compactions,
    log: componentLog(log, 'compaction'),
  })
  disposal.add(() => autoCompaction.close())
  const certificate = config.boolean('ssl', 'enable') ? await tlsCredentials(config, options.data) : undefined
  const observability = new Observability({
    config,
    metrics,
    health,
    catalog,
    queries,
    feeds,
    authenticator,
    replicator,
    queues,
    certificateEnds: () => certificate?.ends,
  })
  observability.add(() => conflictFamilies(catalog))
  const app = createApp({
    catalog,
    attachments,
    config,
    log: componentLog(log, 'http'),
    logTail,
    observability,
    uuid,
    replicator,
    serverHeader: `CouchDB/${COUCHDB_VERSION} (Couchette/${VERSION})`,
    restart: options.onRestart,
    metrics,
    bodies: new BodyMemory(() => config.integer('couchette', 'max_body_memory')),
    unreadAnswers: new UnreadAnswers(() => config.integer('couchette', 'max_unread_answers')),
    live,
    queries,
    queryQueue: queues.queries,
    scanQueue: queues.scans,
    compactionQueue: queues.compactions,
    autoCompaction,
    feeds,
    uuids: new Uuids(config),
    authenticator,
  })
  const handle = app.callback()
  disposal.add(() => stopListening(listeners))
  const { bind, plain, tls } = await listen(
    config,
    (req, res) => void handle(req, res),
    certificate?.options,
    listeners,
  )
  config.tellListening({ bind, port: plain.port })
  const url = `http://${bind.includes(':') ? `[${bind}]` : bind}:${plain.port}`
  address = { url, address: plain.address, port: plain.port }
  const metricsPort = await listenForPrometheus(config, () => observability.prometheus())
  if (metricsPort !== undefined) listeners.push(metricsPort)
  const perUser = new PerUserDatabases(config, catalog, log)
  disposal.add(() => perUser.close())
  disposal.add(() => replicator.close())
  await replicator.start()
  disposal.add(() => config.hasher.close())
  return {
    url,
    port: plain.port,
    tlsPort: tls?.port,
    createdAdmin: config.createdAdmin,
    metricsPort: metricsPort?.port,
    warnings: config.warnings,
    reopenLog: writer.reopen,
    close: () => disposal.close(),
  }
}

async function openStoreOf(
  { memory, data, encryption, env = {} }: CouchetteOptions,
  config: Config,
  log: Logger,
): Promise<Store> {
  if (memory === true) return openMemoryStore()
  const keys = await readMasterKeys({
    keyFile: encryption?.keyFile ?? env.COUCHETTE_ENCRYPTION_KEY_FILE,
    key: env.COUCHETTE_ENCRYPTION_KEY,
    previousKeyFile: encryption?.previousKeyFile ?? env.COUCHETTE_PREVIOUS_ENCRYPTION_KEY_FILE,
    previousKey: env.COUCHETTE_PREVIOUS_ENCRYPTION_KEY,
  })
  const store = await openStore(join(data, 'store'), {
    keys,
    onDamage: onDamage(config),
    maxWaitMs: () => config.integer('couchette', 'max_reopen_wait'),
    log,
    migrate: store => indexExistingConflicts(store, text => log.info(text)),
  })
  if (store.recovery?.damage !== undefined) log.error(store.recovery.damage)
  return store
}

function onDamage(config: Config): OnDamage {
  return config.text('couchette', 'on_damage') === 'report' ? 'report' : 'refuse'
}

interface Listeners {
  readonly bind: string
  readonly plain: Listener
  readonly tls: Listener | undefined
}

/** @param opened gets each listener as soon as it is open */
async function listen(
  config: Config,
  handle: RequestHandler,
  credentials: TlsCredentials['options'] | undefined,
  opened: Listener[],
): Promise<Listeners> {
  const bind = config.text('chttpd', 'bind_address')
  const tls = credentials === undefined ? undefined : await listenTls(config, handle, credentials, bind)
  if (tls !== undefined) opened.push(tls)
  const plain = await listenPlain(config, handle, bind, config.integer('chttpd', 'port'))
  opened.push(plain)
  return { bind, plain, tls }
}

/** Takes no more connections; requests that run go on. */
function stopListening(listeners: readonly Listener[]): void {
  for (const listener of listeners) void listener.stop()
}

async function endConnections(listeners: readonly Listener[]): Promise<void> {
  for (const listener of listeners) listener.cut()
  await Promise.all(listeners.map(listener => listener.stop()))
}
