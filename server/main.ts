import { mkdir } from 'node:fs/promises'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { openAttachments } from './attachments/open.ts'
import { Config } from './config/config.ts'
import { Catalog } from './database/catalog.ts'
import { Authenticator } from './auth/authenticator.ts'
import { StoredUsers } from './auth/users/directory.ts'
import type { Override } from './config/overrides.ts'
import { createApp } from './http/app.ts'
import { Replicator } from './replication/replicator.ts'
import type { Database } from './database/database.ts'
import { Metrics } from './metrics/metrics.ts'
import { Queries } from './query/queries.ts'
import { openMemoryStore, openStore } from './storage/store.ts'
import { createSystemDatabases, databasePolicy } from './system-databases.ts'
import { Uuids } from './uuids.ts'
import { VERSION } from './version.ts'

export interface CouchetteOptions {
  /** The directory that holds the databases and the configuration; made when it is not there. */
  readonly data: string
  /** 0 takes any free port. Default: `[chttpd] port`, 5984. */
  readonly port?: number
  /** Default: `[chttpd] bind_address`, 127.0.0.1: only this machine. */
  readonly bind?: string
  /** The administrator to have; without one, and without one configured, one is made with a generated password. */
  readonly admin?: { readonly name: string; readonly password: string }
  /** Keeps databases in memory, for tests. */
  readonly memory?: boolean
  readonly logLevel?: string
  /** Settings that beat those of the files. */
  readonly settings?: readonly Override[]
  /** Read for `COUCHDB_USER` and `COUCHDB_PASSWORD`. Default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Couchette {
  /** Without credentials: "http://127.0.0.1:5984". */
  readonly url: string
  readonly port: number
  /** The administrator that was made because there was none: to be shown once. */
  readonly createdAdmin: { readonly name: string; readonly password: string } | undefined
  /** Waits for what was accepted, ends feeds and connections. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a server; it listens when this resolves.
 *
 * @throws {StoreUnavailableError} when the data is held by another process or of a newer format
 */
export async function createServer(options: CouchetteOptions): Promise<Couchette> {
  await mkdir(options.data, { recursive: true })
  const log = pino({ level: options.logLevel ?? 'warn' })
  const store =
    options.memory === true ? await openMemoryStore() : await openStore(join(options.data, 'store'))
  const config = await Config.open({
    directory: options.data,
    flags: { settings: options.settings ?? [] },
    ...environmentOf(options),
  })
  const metrics = new Metrics()
  const directory = options.memory === true ? undefined : join(options.data, 'attachments')
  const attachments = await openAttachments(store, directory, config)
  const queries = new Queries(config, log)
  const policy = {
    ...databasePolicy(config, name => catalog.open(name)),
    onOpen: (database: Database) => queries.attach(database),
  }
  const catalog: Catalog = new Catalog(store, attachments, policy)
  await createSystemDatabases(catalog)
  const users = new StoredUsers(config, catalog)
  const uuid = config.text('couchdb', 'uuid')
  let address = { url: '', port: 0 }
  const authenticator = new Authenticator(config, users)
  const replicator = new Replicator({ config, uuid, catalog, authenticator, address: () => address })
  const app = createApp({
    catalog,
    attachments,
    config,
    log,
    uuid,
    replicator,
    serverHeader: `Couchette/${VERSION}`,
    metrics,
    queries,
    uuids: new Uuids(config),
    authenticator,
  })
  const handle = app.callback()
  const server = createHttpServer(
    { noDelay: true, keepAliveTimeout: 60_000 },
    (req, res) => void handle(req, res),
  )
  const bind = options.bind ?? config.text('chttpd', 'bind_address')
  const port = await listen(server, options.port ?? config.integer('chttpd', 'port'), bind)
  address = { url: `http://${bind.includes(':') ? `[${bind}]` : bind}:${port}`, port }
  let closing: Promise<void> | undefined
  return {
    ...address,
    createdAdmin: config.createdAdmin,
    close: () =>
      (closing ??= (async () => {
        await replicator.close()
        const closed = new Promise(resolve => server.close(resolve))
        await users.close()
        await catalog.close()
        server.closeAllConnections()
        await closed
        await queries.close()
        await attachments.close()
        await config.close()
        await store.close()
      })()),
  }
}

function environmentOf({ admin, env = {} }: CouchetteOptions): { env: Record<string, string | undefined> } {
  return {
    env:
      admin === undefined
        ? { ...env }
        : { ...env, COUCHDB_USER: admin.name, COUCHDB_PASSWORD: admin.password },
  }
}

function listen(server: Server, port: number, bind: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, bind, () => resolve((server.address() as AddressInfo).port))
  })
}
