import { readdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import { retried } from './retried.ts'

/** How a server is secured, and how the test's own client gets in. */
export interface NatsSecurity {
  /** Lines of its configuration. */
  readonly configuration: string
  readonly client: NodeConnectionOptions
}

/** A NATS server of this machine's Go, with JetStream on disk. */
export class NatsServer extends Broker {
  port = 0
  readonly #security: NatsSecurity | undefined

  private constructor(dir: TempDir, security: NatsSecurity | undefined) {
    super(dir)
    this.#security = security
  }

  static async start(security?: NatsSecurity): Promise<NatsServer> {
    const server = new NatsServer(await tempDir(), security)
    await server.up()
    return server
  }

  /** Starts it, after a kill on the port that it had before. */
  async up(): Promise<void> {
    const { path } = this.dir
    const port = this.port === 0 ? '-1' : String(this.port)
    const file = join(path, 'server.conf')
    await writeFile(file, this.#security?.configuration ?? '')
    const args = ['-c', file, '-a', '127.0.0.1', '-p', port, '-js', '-sd', path, '--ports_file_dir', path]
    this.spawn(join(homedir(), 'go/bin/nats-server'), args)
    await retried(async () => {
      const file = (await readdir(path)).find(name => name.endsWith(`_${this.pid}.ports`))
      if (file === undefined) throw new Error('no ports yet')
      const { nats } = JSON.parse(await readFile(join(path, file), 'utf8')) as { nats: string[] }
      this.port = Number(new URL(nats[0]!).port)
    })
    await retried(() => this.use(async ({ manager }) => void (await manager.getAccountInfo())))
  }

  /** Runs work with a client of its own. */
  async use<T>(work: (client: NatsClient) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: this.address, reconnect: false, ...this.#security?.client })
    try {
      return await work({ client: jetstream(connection), manager: await jetstreamManager(connection) })
    } finally {
      await connection.close()
    }
  }
}

export interface NatsClient {
  readonly client: ReturnType<typeof jetstream>
  readonly manager: Awaited<ReturnType<typeof jetstreamManager>>
}
