import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../../../harness/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import { retried } from './retried.ts'

const INSTALLED = '/usr/lib/postgresql'

/** Debian's PostgreSQL with logical replication. */
export class PostgresServer extends Broker {
  readonly port: number
  readonly #binaries: string

  private constructor(dir: TempDir, port: number) {
    super(dir)
    this.port = port
    this.#binaries = join(INSTALLED, readdirSync(INSTALLED).sort().at(-1)!, 'bin')
  }

  static async start(): Promise<PostgresServer> {
    const server = new PostgresServer(await tempDir(), await freePort())
    await server.giveAway()
    const how = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
    await server.run(join(server.#binaries, 'initdb'), ['-D', server.#data, ...how])
    await server.up()
    return server
  }

  get #data(): string {
    return join(this.dir.path, 'data')
  }

  get url(): string {
    return `postgres://postgres@${this.address}/postgres`
  }

  /** Starts it; after a crash it recovers from its log. */
  async up(): Promise<void> {
    const settings = ['wal_level=logical', 'max_wal_senders=20', 'max_replication_slots=20', 'fsync=off']
    const args = ['-D', this.#data, '-p', String(this.port), '-h', '127.0.0.1', '-k', '']
    this.spawn(join(this.#binaries, 'postgres'), [...args, ...settings.flatMap(one => ['-c', one])], {
      asAccount: true,
    })
    await retried(() => this.sql('SELECT 1'))
  }

  /** Ends all of its processes at once, without a checkpoint. */
  override kill(): Promise<void> {
    return super.kill('SIGQUIT')
  }

  /** Runs statements on a connection of their own. @returns the rows of the last one, all values as text */
  async sql(text: string): Promise<Record<string, string | null>[]> {
    const client = await this.client()
    try {
      const result = (await client.query(text)) as pg.QueryResult | pg.QueryResult[]
      const last = Array.isArray(result) ? result.at(-1)! : result
      return last.rows as Record<string, string | null>[]
    } finally {
      await client.end()
    }
  }

  /** Opens a connection, whose values are all texts. */
  async client(): Promise<pg.Client> {
    const types = { getTypeParser: () => (value: string) => value }
    const client = new pg.Client({
      connectionString: this.url,
      types: types as unknown as pg.CustomTypesConfig,
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
}
