import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../../../harness/free-port.ts'
import { retried } from '../streams/retried.ts'

const run = promisify(execFile)

/** PostgreSQL refuses to run as root. */
const NOBODY = 65534
const ACCOUNT = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/** Debian's PostgreSQL: a primary, and a standby without which no commit is acknowledged. */
export class PostgresPair {
  readonly #directory: string
  readonly #programs: string
  readonly #servers = new Map<PostgresRole, ChildProcess>()
  readonly ports: Readonly<Record<PostgresRole, number>>

  static async start(): Promise<PostgresPair> {
    const directory = await mkdtemp(join(tmpdir(), 'couchette-postgres-'))
    if (ACCOUNT.uid !== undefined) await chown(directory, ACCOUNT.uid, ACCOUNT.gid)
    await chmod(directory, 0o700)
    const pair = new PostgresPair(directory, await programs(), {
      primary: await freePort(),
      standby: await freePort(),
    })
    await pair.#makePrimary()
    await pair.#makeStandby()
    return pair
  }

  private constructor(directory: string, programsPath: string, ports: Record<PostgresRole, number>) {
    this.#directory = directory
    this.#programs = programsPath
    this.ports = ports
  }

  url(role: PostgresRole): string {
    return `postgres://couchette@127.0.0.1:${this.ports[role]}/postgres`
  }

  /** A URL that names both: whichever takes writes is used. */
  get bothUrl(): string {
    return `postgres://couchette@127.0.0.1:${this.ports.primary},127.0.0.1:${this.ports.standby}/postgres`
  }

  /** Runs statements as an administrator whose own commits wait for no standby. */
  async admin<T extends object>(text: string, role: PostgresRole = 'primary'): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.url(role), connectionTimeoutMillis: 2000 })
    client.on('error', () => undefined)
    await client.connect()
    try {
      await client.query('SET synchronous_commit = local')
      return (await client.query<T>(text)).rows
    } finally {
      await client.end()
    }
  }

  /** Starts a server on the data that it had. */
  async up(role: PostgresRole): Promise<void> {
    const args = [
      '-D',
      join(this.#directory, role),
      '-p',
      String(this.ports[role]),
      '-h',
      '127.0.0.1',
      '-k',
      '',
    ]
    const server = spawn(join(this.#programs, 'postgres'), args, {
      ...ACCOUNT,
      cwd: this.#directory,
      stdio: 'ignore',
    })
    this.#servers.set(role, server)
    await retried(() => this.admin('SELECT 1', role))
  }

  /** Kills a server with all its processes, as a crash does. */
  async kill(role: PostgresRole): Promise<void> {
    const server = this.#servers.get(role)
    this.#servers.delete(role)
    if (server === undefined) return
    const ended = once(server, 'exit')
    server.kill('SIGQUIT')
    await ended
  }

  /** Makes the standby the primary; its own commits wait for nobody then. */
  async promote(): Promise<void> {
    await this.admin('SELECT pg_promote()', 'standby')
    await this.admin(`ALTER SYSTEM SET synchronous_standby_names = ''`, 'standby')
    await this.admin('SELECT pg_reload_conf()', 'standby')
  }

  async close(): Promise<void> {
    await this.kill('standby')
    await this.kill('primary')
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    await run(join(this.#programs, program), args, { ...ACCOUNT, cwd: this.#directory })
  }

  async #makePrimary(): Promise<void> {
    const data = join(this.#directory, 'primary')
    await this.#run('initdb', ['-D', data, '-U', 'couchette', '-A', 'trust', '-E', 'UTF8', '--locale=C'])
    await this.up('primary')
  }

  async #makeStandby(): Promise<void> {
    const data = join(this.#directory, 'standby')
    const from = `host=127.0.0.1 port=${this.ports.primary} user=couchette application_name=standby`
    await this.#run('pg_basebackup', ['-D', data, '-d', from, '-R', '-X', 'stream', '-c', 'fast'])
    await this.up('standby')
    await this.admin(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`)
    await this.admin('SELECT pg_reload_conf()')
    await retried(async () => {
      const found = await this.admin<{ sync_state: string }>('SELECT sync_state FROM pg_stat_replication')
      if (found[0]?.sync_state !== 'sync') throw new Error('the standby is not synchronous yet')
    })
  }
}

export type PostgresRole = 'primary' | 'standby'

/** The directory of the programs of the newest version that is installed. */
async function programs(): Promise<string> {
  const root = '/usr/lib/postgresql'
  const newest = (await readdir(root)).sort((a, b) => Number(a) - Number(b)).at(-1)
  if (newest === undefined) throw new Error(`${root} holds no PostgreSQL`)
  return join(root, newest, 'bin')
}
