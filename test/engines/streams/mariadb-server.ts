import { join } from 'node:path'
import { freePort } from '../../../harness/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import { retried } from './retried.ts'

const PASSWORD = 'secret'

/** Debian's MariaDB with a binary log of rows, and a database `shop`. */
export class MariaDbServer extends Broker {
  readonly port: number
  readonly user = 'debezium'
  readonly password = PASSWORD

  private constructor(dir: TempDir, port: number) {
    super(dir)
    this.port = port
  }

  static async start(): Promise<MariaDbServer> {
    const server = new MariaDbServer(await tempDir(), await freePort())
    await server.giveAway()
    const how = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db']
    await server.run('mariadb-install-db', [...how, `--datadir=${server.#data}`])
    await server.up()
    await server.sql(
      `CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE USER ${server.user} IDENTIFIED BY '${PASSWORD}';
       GRANT ALL ON *.* TO ${server.user}`,
      '',
    )
    return server
  }

  get #data(): string {
    return join(this.dir.path, 'data')
  }

  get #socket(): string {
    return join(this.dir.path, 'socket')
  }

  async up(): Promise<void> {
    const log = ['--log-bin=binary', '--binlog-format=ROW', '--binlog-row-image=FULL', '--server-id=1']
    const fast = [
      '--innodb-flush-log-at-trx-commit=2',
      '--innodb-buffer-pool-size=32M',
      '--skip-name-resolve',
    ]
    const where = [`--datadir=${this.#data}`, `--socket=${this.#socket}`, `--pid-file=${this.#socket}.pid`]
    const at = [`--port=${this.port}`, '--bind-address=127.0.0.1', '--default-time-zone=+00:00']
    this.spawn('mariadbd', ['--no-defaults', ...where, ...at, ...log, ...fast], { asAccount: true })
    await retried(() => this.sql('SELECT 1', ''))
  }

  /** Runs statements. @returns the rows of queries, their columns divided by tabs, NULL as `NULL` */
  async sql(text: string, database = 'shop'): Promise<string[][]> {
    const as = ['--no-defaults', `--socket=${this.#socket}`, '-uroot', '--default-character-set=utf8mb4']
    const printed = await this.run('mariadb', [
      ...as,
      '-BN',
      ...(database === '' ? [] : [database]),
      '-e',
      text,
    ])
    return printed
      .split('\n')
      .filter(line => line !== '')
      .map(line => line.split('\t'))
  }
}
