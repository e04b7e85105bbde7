import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { freePort } from '../../../harness/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { retried } from '../streams/retried.ts'

/** Three NATS servers of this machine's Go on loopback, with JetStream that syncs each write. */
export class NatsCluster {
  readonly #dir: TempDir
  readonly #ports: readonly number[]
  readonly #routes: readonly number[]
  readonly #servers: (ChildProcess | undefined)[] = []

  static async start(size = 3): Promise<NatsCluster> {
    const ports: number[] = []
    for (let count = 0; count < 2 * size; count++) ports.push(await freePort())
    const cluster = new NatsCluster(await tempDir(), ports.slice(0, size), ports.slice(size))
    for (let index = 0; index < size; index++) await cluster.up(index)
    await cluster.ready(size)
    return cluster
  }

  private constructor(dir: TempDir, ports: readonly number[], routes: readonly number[]) {
    this.#dir = dir
    this.#ports = ports
    this.#routes = routes
  }

  /** URL of all servers, as Couchette takes it. */
  get url(): string {
    return `nats://${this.addresses.join(',')}`
  }

  get addresses(): string[] {
    return this.#ports.map(port => `127.0.0.1:${port}`)
  }

  /** Starts a server, with what it had stored. */
  async up(index: number): Promise<void> {
    const file = join(this.#dir.path, `nats-${index}.conf`)
    await writeFile(file, this.#configuration(index))
    this.#servers[index] = spawn(join(homedir(), 'go/bin/nats-server'), ['-c', file], { stdio: 'ignore' })
  }

  async kill(index: number): Promise<void> {
    const server = this.#servers[index]
    this.#servers[index] = undefined
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }

  /** Waits until so many servers have a leader of JetStream that sees them. */
  async ready(size: number): Promise<void> {
    await retried(async () => {
      const connection = await connect({ servers: this.addresses, reconnect: false, timeout: 1000 })
      try {
        const manager = await jetstreamManager(connection, { timeout: 2000 })
        if (this.#ports.length === 1) return
        const name = `probe${Date.now()}`
        const { cluster } = await manager.streams.add({ name, subjects: [name], num_replicas: size })
        await manager.streams.delete(name)
        if (cluster?.replicas?.length !== size - 1) throw new Error('not all servers are there')
      } finally {
        await connection.close()
      }
    })
  }

  async close(): Promise<void> {
    for (const index of this.#ports.keys()) await this.kill(index)
    await this.#dir.remove()
  }

  #configuration(index: number): string {
    const store = join(this.#dir.path, `data-${index}`)
    const routes = this.#routes.map(port => `nats://127.0.0.1:${port}`).join(', ')
    const clustered = `cluster { name: test, listen: "127.0.0.1:${this.#routes[index]}", routes: [${routes}] }`
    return [
      `server_name: n${index}`,
      `listen: "127.0.0.1:${this.#ports[index]}"`,
      `jetstream { store_dir: "${store}", sync_interval: always }`,
      this.#ports.length === 1 ? '' : clustered,
    ].join('\n')
  }
}
