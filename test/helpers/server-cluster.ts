import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ADMIN } from '../../harness/child-server.ts'
import type { EqualSettings } from '../../server/cluster/entry/change.ts'
import { equalSettings } from '../../server/cluster/group/equal-settings.ts'
import { createGenesis } from '../../server/cluster/group/log-head.ts'
import type { EngineLog, ReplicatedLog } from '../../server/cluster/log/contract.ts'
import { LevelLogEngine } from '../../server/cluster/log/level-log.ts'
import { hasStore } from '../../server/cluster/snapshot/take-snapshot.ts'
import { clusterJoin } from '../../server/commands/cluster.ts'
import { Config } from '../../server/config/config.ts'
import type { Override } from '../../server/config/overrides.ts'
import { type Couchette, createServer } from '../../server/main.ts'
import { LEASE_MS, report } from './cluster-nodes.ts'
import { eventually } from './eventually.ts'
import { freePort } from '../../harness/free-port.ts'
import { call } from './http.ts'
import { SLOW_FUNCTIONS } from './server.ts'
import { type TempDir, tempDir } from './temp.ts'

/** A server of this process that is a node of a cluster. */
export interface ServerNode {
  readonly name: string
  readonly data: string
  /** With the admin's credentials; the same after a restart. */
  readonly url: string
  couchette: Couchette | undefined
}

export interface ServerClusterOptions {
  readonly count?: number
  readonly settings?: readonly Override[]
  /** Settings of each node alone. */
  readonly settingsOf?: (node: ServerNode) => readonly Override[]
  /** Changes how a node sees the log. */
  readonly connect?: (log: ReplicatedLog, node: string) => ReplicatedLog
}

/** Real servers of this process, on real ports, over one log in LevelDB. */
export class ServerCluster {
  readonly nodes: ServerNode[] = []
  /** May be exchanged, for a log that was lost. */
  engine: LevelLogEngine
  readonly #dir: TempDir
  readonly #options: ServerClusterOptions

  private constructor(engine: LevelLogEngine, dir: TempDir, options: ServerClusterOptions) {
    this.engine = engine
    this.#dir = dir
    this.#options = options
  }

  /** Makes a cluster and starts its nodes. Ready when all of them follow a leader. */
  static async start(options: ServerClusterOptions = {}): Promise<ServerCluster> {
    const dir = await tempDir()
    const engine = await LevelLogEngine.open()
    await createGenesis(engine.connect(), 'test', await settingsOfAll(join(dir.path, 'settings')))
    const cluster = new ServerCluster(engine, dir, options)
    try {
      for (let number = 1; number <= (options.count ?? 3); number++) await cluster.open(await cluster.add())
      return cluster
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  /** Makes another node, which is not started. */
  async add(): Promise<ServerNode> {
    const [name, port] = [`node${this.nodes.length + 1}`, await freePort()]
    const url = `http://${ADMIN.name}:${ADMIN.password}@127.0.0.1:${port}`
    const node = { name, data: join(this.#dir.path, name), url, couchette: undefined }
    this.nodes.push(node)
    return node
  }

  /** Starts a node that was closed, or whose disk was lost; ready when it follows. */
  async open(node: ServerNode): Promise<void> {
    await this.serve(node)
    await eventually(`${node.name} follows`, async () => {
      const { state, lag_ms: lag } = await report(node)
      return state === 'leader' || (state === 'follower' && lag !== null && lag < 2000)
    })
    await eventually(
      'there are system databases',
      async () => (await call(node.url, 'GET', '/_global_changes')).status === 200,
    )
  }

  /** Starts a node that was closed, whatever becomes of it. */
  async serve(node: ServerNode): Promise<void> {
    const open = async (): Promise<EngineLog> =>
      Object.assign(new CurrentLog(() => this.engine), { create: async () => false })
    const args = { data: node.data, log: 'level', name: 'test', node: node.name }
    if (!(await hasStore(node.data))) await clusterJoin(args, open)
    const of = (section: string, key: string, value: string): Override => ({ section, key, value })
    node.couchette = await createServer({
      data: node.data,
      port: Number(new URL(node.url).port),
      logLevel: 'silent',
      clusterLog: () => {
        const log = new CurrentLog(() => this.engine)
        return this.#options.connect?.(log, node.name) ?? log
      },
      settings: [
        of('cluster', 'lease', String(LEASE_MS)),
        of('cluster', 'write_timeout', '2000'),
        SLOW_FUNCTIONS,
        ...(this.#options.settings ?? []),
        ...(this.#options.settingsOf?.(node) ?? []),
      ],
    })
  }

  /** Ends a node in order. */
  async shut(node: ServerNode): Promise<void> {
    const { couchette } = node
    node.couchette = undefined
    await couchette?.close()
  }

  /** Removes all that a closed node has on disk. */
  async loseDisk(node: ServerNode): Promise<void> {
    await rm(node.data, { recursive: true })
  }

  /** Waits for a node to lead. */
  async leader(): Promise<ServerNode> {
    let leader: ServerNode | undefined
    await eventually('a node leads', async () => {
      for (const node of this.nodes)
        if (node.couchette !== undefined && (await report(node)).state === 'leader') leader = node
      return leader !== undefined
    })
    return leader!
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await this.shut(node)
    await this.engine.close()
    await this.#dir.remove()
  }
}

/** Returns the settings that all nodes share, with an administrator: those of a server. */
async function settingsOfAll(directory: string): Promise<EqualSettings> {
  await mkdir(directory)
  const env = { COUCHDB_USER: ADMIN.name, COUCHDB_PASSWORD: ADMIN.password }
  const config = await Config.open({ directory, env })
  const settings = equalSettings(config)
  await config.close()
  return [...settings, { section: 'cluster', key: 'secret', value: 'secret of the nodes' }]
}

/** The log of a cluster, also when another one took its place. */
class CurrentLog implements ReplicatedLog {
  readonly #engine: () => LevelLogEngine
  #of: LevelLogEngine
  #log: ReplicatedLog

  constructor(engine: () => LevelLogEngine) {
    this.#engine = engine
    this.#of = engine()
    this.#log = this.#of.connect()
  }

  get acknowledged(): number {
    return this.#current.acknowledged
  }

  get maxEntryBytes(): number {
    return this.#current.maxEntryBytes
  }

  append(expected: number, bytes: Uint8Array): ReturnType<ReplicatedLog['append']> {
    return this.#current.append(expected, bytes)
  }

  read(from: number): ReturnType<ReplicatedLog['read']> {
    return this.#current.read(from)
  }

  first(): ReturnType<ReplicatedLog['first']> {
    return this.#current.first()
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#current.changed(signal)
  }

  trim(below: number): Promise<void> {
    return this.#current.trim(below)
  }

  close(): Promise<void> {
    return this.#log.close()
  }

  get #current(): ReplicatedLog {
    if (this.#of !== this.#engine()) {
      this.#of = this.#engine()
      this.#log = this.#of.connect()
    }
    return this.#log
  }
}
