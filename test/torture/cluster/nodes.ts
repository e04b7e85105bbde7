import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ADMIN } from '../../../harness/child-server.ts'
import { program } from '../../../harness/project.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import type { NodeNetworks } from './network.ts'

const run = promisify(execFile)

const PORT = 5984
const NAME = 'torture'
const SETTINGS = ['cluster/lease=1500', 'cluster/write_timeout=2000', 'cluster/read_timeout=3000']
const CURRENT_WITHIN_MS = 120_000
const LOG_LINES = 12

/** Nodes of a cluster, each a process in a network namespace of its own. */
export class IsolatedNodes {
  readonly networks: NodeNetworks
  readonly #directory: string
  readonly #log: string
  readonly #processes: (ChildProcess | undefined)[] = []
  readonly count: number

  /** @param log URL of the log, as the nodes and this process reach it */
  constructor(networks: NodeNetworks, directory: string, log: string, count: number) {
    this.networks = networks
    this.#directory = directory
    this.#log = log
    this.count = count
  }

  /** Makes the cluster by its commands, starts all nodes, and waits until they follow. */
  async start(): Promise<void> {
    for (let node = 0; node < this.count; node++) {
      const url = `http://${this.networks.address(node, 'peers')}:${PORT}`
      const args = ['--log', this.#log, '--name', NAME, '--node', `node${node}`, '--data', this.data(node)]
      const command = ['cluster', node === 0 ? 'create' : 'join', ...args, '--cluster-url', url]
      const env = { ...process.env, COUCHDB_USER: ADMIN.name, COUCHDB_PASSWORD: ADMIN.password }
      await run(process.execPath, [...program('cli/main'), ...command], { env })
      this.up(node)
    }
    await this.current()
  }

  data(node: number): string {
    return join(this.#directory, `node${node}`)
  }

  /** URL of a node for clients, with the administrator's credentials. */
  url(node: number): string {
    return `http://${ADMIN.name}:${ADMIN.password}@${this.networks.address(node, 'clients')}:${PORT}`
  }

  up(node: number): void {
    const set = SETTINGS.flatMap(setting => ['--set', setting])
    const args = ['serve', '--data', this.data(node), '--port', String(PORT), '--bind', '0.0.0.0', ...set]
    const [command, all] = this.networks.inside(node, process.execPath, [...program('cli/main'), ...args])
    const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'pipe'] })
    const output = createWriteStream(join(this.#directory, `node${node}.log`), { flags: 'a' })
    child.stdout.pipe(output, { end: false })
    child.stderr.pipe(output, { end: false })
    this.#processes[node] = child
  }

  /** Sends a signal to a node that runs. */
  signal(node: number, signal: NodeJS.Signals): void {
    this.#processes[node]?.kill(signal)
  }

  /** Ends a node and waits until it is gone. @param signal `SIGKILL` as in a crash, `SIGTERM` in order */
  async down(node: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#processes[node]
    this.#processes[node] = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** Returns the last lines of the log of each node. */
  async logs(): Promise<string[]> {
    const lines: string[] = []
    for (let node = 0; node < this.count; node++) {
      const text = await readFile(join(this.#directory, `node${node}.log`), 'utf8').catch(() => '')
      lines.push(
        ...text
          .split('\n')
          .slice(-LOG_LINES)
          .map(line => `node${node}: ${line}`),
      )
    }
    return lines
  }

  /** Waits until one node leads and all others follow it without a lag. */
  async current(): Promise<void> {
    for (let node = 0; node < this.count; node++)
      await eventually(`node${node} follows`, async () => this.#isCurrent(node), {
        withinMs: CURRENT_WITHIN_MS,
        everyMs: 200,
      })
  }

  async close(): Promise<void> {
    for (let node = 0; node < this.count; node++) await this.down(node)
  }

  async #isCurrent(node: number): Promise<boolean> {
    const asked = await call<{ state?: string; lag_ms?: number | null }>(this.url(node), 'GET', '/_cluster', {
      signal: AbortSignal.timeout(5000),
    }).catch(() => undefined)
    const { state, lag_ms: lag } = asked?.body ?? {}
    return state === 'leader' || (state === 'follower' && lag != null && lag < 2000)
  }
}
