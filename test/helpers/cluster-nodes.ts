import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { program } from '../../harness/project.ts'
import { type ChildServer, startNode } from '../../harness/child-server.ts'
import { clusterJoin } from '../../server/commands/cluster.ts'
import { eventually } from './eventually.ts'
import { freePort } from '../../harness/free-port.ts'
import { call } from './http.ts'
import { type TempDir, tempDir } from './temp.ts'

const run = promisify(execFile)

/** Milliseconds: short, so that tests need not wait for long. */
export const LEASE_MS = 1500

export interface ClusterNode {
  readonly name: string
  readonly data: string
  /** With the admin's credentials; the same after a restart. */
  readonly url: string
  server: ChildServer
}

/** Answer of `GET /_cluster`, as far as tests look at it. */
export interface NodeReport {
  readonly state: string
  readonly reason: string | null
  readonly lag_ms: number | null
  readonly groups: readonly {
    readonly leader: string | null
    readonly epoch: number
    readonly position: number
  }[]
  readonly members: readonly { readonly node: string; readonly url: string; readonly behind: number | null }[]
}

/** Nodes of one cluster, each a process with a directory of its own. */
export class TestCluster {
  readonly nodes: ClusterNode[] = []
  readonly #log: string
  readonly #name: string
  readonly #dir: TempDir
  readonly #settings: Readonly<Record<string, string>>
  /** Nodes that were added, those that are starting too. */
  #count = 0

  private constructor(log: string, name: string, dir: TempDir, settings: Readonly<Record<string, string>>) {
    this.#log = log
    this.#name = name
    this.#dir = dir
    this.#settings = settings
  }

  /** Makes a cluster by its commands and starts its nodes. Ready when all of them follow a leader. */
  static async start(
    log: string,
    {
      count = 3,
      name = 'test',
      settings = {},
    }: { count?: number; name?: string; settings?: Readonly<Record<string, string>> } = {},
  ): Promise<TestCluster> {
    const cluster = new TestCluster(log, name, await tempDir(), settings)
    try {
      await cluster.add()
      const others = Array.from({ length: count - 1 }, () => cluster.add())
      for (const added of await Promise.allSettled(others))
        if (added.status === 'rejected') throw added.reason
      return cluster
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  /** Makes another node, the first one of all creates the cluster, and waits until it follows. */
  async add(): Promise<ClusterNode> {
    const number = (this.#count += 1)
    const [name, data] = [`node${number}`, join(this.#dir.path, `node${number}`)]
    if (number === 1) await this.#create(name, data)
    else await clusterJoin({ log: this.#log, name: this.#name, node: name, data })
    const port = String(await freePort())
    const node = {
      name,
      data,
      url: `http://admin:pass@127.0.0.1:${port}`,
      server: await this.#serve(data, port),
    }
    this.nodes.push(node)
    this.nodes.sort((a, b) => (a.name < b.name ? -1 : 1))
    await eventually(`${name} follows`, async () => {
      // A node that is busy is asked again.
      const { state, lag_ms: lag = null } = (await report(node).catch(() => undefined)) ?? {}
      return state === 'leader' || (state === 'follower' && lag !== null && lag < 2000)
    })
    await eventually(
      'there are system databases',
      async () => (await call(node.url, 'GET', '/_global_changes')).status === 200,
    )
    return node
  }

  /** Starts a node again that was killed or stopped. */
  async restart(node: ClusterNode): Promise<void> {
    node.server = await this.#serve(node.data, new URL(node.url).port)
  }

  /** Waits for a node to lead that is none of those given. */
  async leader(others: readonly ClusterNode[] = []): Promise<ClusterNode> {
    let leader: ClusterNode | undefined
    await eventually(
      'a node leads',
      async () => {
        for (const node of this.nodes.filter(node => !others.includes(node)))
          if ((await report(node).catch(() => undefined))?.state === 'leader') leader = node
        return leader !== undefined
      },
      { withinMs: 60_000 },
    )
    return leader!
  }

  /** The nodes besides one. */
  others(node: ClusterNode): ClusterNode[] {
    return this.nodes.filter(other => other !== node)
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ server }) => server.kill()))
    await this.#dir.remove()
  }

  /** Makes the cluster by the command line; joining in this process saves the time of more commands. */
  async #create(name: string, data: string): Promise<void> {
    const args = ['--log', this.#log, '--name', this.#name, '--node', name, '--data', data]
    await run(process.execPath, [...program('cli/main'), 'cluster', 'create', ...args], {
      env: { ...process.env, COUCHDB_USER: 'admin', COUCHDB_PASSWORD: 'pass' },
    })
  }

  #serve(data: string, port: string): Promise<ChildServer> {
    const settings = { 'cluster/lease': String(LEASE_MS), 'cluster/write_timeout': '2000', ...this.#settings }
    const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    return startNode(data, {}, ['--port', port, ...set])
  }
}

export async function report(node: Pick<ClusterNode, 'url'>): Promise<NodeReport> {
  return (await call<NodeReport>(node.url, 'GET', '/_cluster', { signal: AbortSignal.timeout(5000) })).body
}
