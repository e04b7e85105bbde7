import { PerUserDatabases } from './auth/users/peruser.ts'
import type { Logger } from 'pino'
import { createApp } from './app/app.ts'
import { componentLog } from './log/log.ts'
import type { RequestHandler } from './http/connection/listener.ts'
import { listenForPrometheus } from './metrics/prometheus-port.ts'
import type { Services } from './services.ts'
import { Disposal } from './start/disposal.ts'
import { takeConnections } from './start/front-threads.ts'
import { Listeners } from './start/listeners.ts'
import { openDatabases } from './start/open-databases.ts'
import { openNode } from './start/open-node.ts'
import { openServices } from './start/open-services.ts'
import type { CouchetteOptions } from './start/options.ts'
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

/** Opens the parts of a server from the inside out, and listens when all are there. */
async function start(options: CouchetteOptions, disposal: Disposal): Promise<Couchette> {
  process.umask(UMASK)
  const node = await openNode(options, disposal)
  const { config, log } = node
  const listeners = new Listeners()
  const databases = await openDatabases(options, node, listeners, disposal)
  for (const warning of config.warnings) log.warn({ component: 'config' }, warning)
  const certificate = config.boolean('ssl', 'enable') ? await tlsCredentials(config, options.data) : undefined
  let address = { url: '', address: '', port: 0 }
  const facts = {
    address: () => address,
    certificateEnds: () => certificate?.ends,
    restart: options.onRestart,
  }
  const services = openServices(node, databases, facts, disposal)
  const handle = createApp(services).callback()
  disposal.add(() => listeners.stop())
  const onRequest: RequestHandler = (req, res) => void handle(req, res)
  const connections = databases.fronts?.count('connections')
  const { bind, plain, tls } = await listeners.listen(config, onRequest, certificate?.options, connections)
  config.tellListening({ bind, port: plain.port })
  await takeConnections(
    { ...databases, authenticator: services.authenticator, plain, handle: onRequest },
    disposal,
  )
  const url = `http://${bind.includes(':') ? `[${bind}]` : bind}:${plain.port}`
  address = { url, address: plain.address, port: plain.port }
  const metricsPort = await listenForPrometheus(config, () => services.observability.prometheus())
  if (metricsPort !== undefined) listeners.add(metricsPort)
  await startJobs(services, componentLog(log, 'auth'), disposal)
  return {
    url,
    port: plain.port,
    tlsPort: tls?.port,
    createdAdmin: config.createdAdmin,
    metricsPort: metricsPort?.port,
    warnings: config.warnings,
    reopenLog: node.reopenLog,
    close: () => disposal.close(),
  }
}

/** Starts what runs beside requests: databases of new users, and replications. */
async function startJobs(
  { config, catalog, queries, conflicts, replicator }: Services,
  authLog: Logger,
  disposal: Disposal,
): Promise<void> {
  const perUser = new PerUserDatabases(config, catalog, authLog)
  disposal.add(() => perUser.close())
  disposal.add(() => replicator.close())
  await replicator.start()
  conflicts.start(catalog)
  disposal.add(() => config.hasher.close())
  // First of all: writes and index builds that are finished may wait for functions that never end.
  disposal.add(() => queries.sandbox.stop(config.integer('couchette', 'function_stop_timeout')))
}
