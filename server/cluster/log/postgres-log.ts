import { createHash } from 'node:crypto'
import type pg from 'pg'
import { type Appended, type EngineLog, type LogEntry, LogSetBackError, LogTrimmedError } from './contract.ts'
import { type Connection, connectToPrimary } from './postgres-connection.ts'
import { Wakeup } from './wakeup.ts'

const UNIQUE_VIOLATION = '23505'
const READ_ENTRIES = 64
/** Entries that are read together, so that few large ones take no more memory than many small ones. */
const READ_BYTES = 8 * 1024 * 1024
/** A row of bytes may have a gigabyte; entries of some megabytes keep the memory of both sides small. */
const MAX_ENTRY_BYTES = 4 * 1024 * 1024

/** A server or role may be set to acknowledge commits that are not on disk, or not on the standby. */
const COMMIT_DURABLY = `SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')`

/**
 * A log in a table of PostgreSQL, or of what speaks its protocol: `position` is the primary key. An append is one
 * statement; its commit waits for the synchronous standbys that the server is configured with.
 */
export class PostgresLog implements EngineLog {
  readonly #url: string
  readonly #table: string
  readonly #channel: string
  readonly #wakeup = new Wakeup()
  readonly maxEntryBytes = MAX_ENTRY_BYTES
  #acknowledged = 0
  #writer: Promise<Connection> | undefined
  #reader: Promise<Connection> | undefined
  #teller: Promise<Connection> | undefined
  /** Acknowledged positions: to be told to other clients, and told. */
  #toTell = 0
  #told = 0
  #isClosed = false

  /** @param name of the log: letters, digits and underscores */
  constructor(url: string, name: string) {
    if (!/^[a-z0-9_]{1,40}$/.test(name)) throw new Error(`"${name}" is no name of a log`)
    this.#url = url
    this.#table = `couchette_log_${name}`
    this.#channel = `couchette_${createHash('sha256').update(name).digest('hex').slice(0, 24)}`
  }

  /** Makes the table. Only the command that creates a cluster calls this. @returns false where it is there already */
  async create(): Promise<boolean> {
    const { client } = await this.#connectReader()
    try {
      await client.query(
        `CREATE TABLE ${this.#table} (position bigint PRIMARY KEY CHECK (position > 0), entry bytea NOT NULL)`,
      )
      return true
    } catch (error) {
      if ((error as { code?: string }).code === '42P07') return false
      throw error
    }
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  async append(expected: number, bytes: Uint8Array): Promise<Appended> {
    let connection: Connection | undefined
    try {
      connection = await this.#connectWriter()
      connection.wasCancelled = false
      const { rowCount } = await connection.client.query({
        name: 'append',
        text: `INSERT INTO ${this.#table} (position, entry) SELECT $1::bigint + 1, $2
          WHERE (SELECT coalesce(max(position), 0) FROM ${this.#table}) = $1::bigint`,
        values: [expected, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)],
      })
      if (rowCount !== 1) return { kind: 'conflict' }
      if (connection.wasCancelled)
        return { kind: 'unknown', cause: new Error('the wait for the synchronous standby was cancelled') }
      this.#acknowledge(expected + 1)
      return { kind: 'appended', position: expected + 1 }
    } catch (error) {
      if ((error as { code?: string }).code === UNIQUE_VIOLATION) return { kind: 'conflict' }
      this.#writer = undefined
      connection?.end()
      return { kind: 'unknown', cause: error instanceof Error ? error : new Error(String(error)) }
    }
  }

  read(from: number): Promise<LogEntry[]> {
    return this.#reading(client => this.#readWith(client, from))
  }

  first(): Promise<LogEntry | undefined> {
    return this.#reading(async client => {
      const { rows } = await client.query<{ position: string; entry: Buffer }>({
        name: 'first',
        text: `SELECT position, entry FROM ${this.#table} ORDER BY position LIMIT 1`,
      })
      return rows[0] && { position: Number(rows[0].position), bytes: rows[0].entry }
    })
  }

  async #reading<T>(read: (client: pg.Client) => Promise<T>): Promise<T> {
    const connection = await this.#connectReader()
    try {
      return await read(connection.client)
    } catch (error) {
      if (!(error instanceof LogTrimmedError || error instanceof LogSetBackError)) {
        this.#reader = undefined
        connection.end()
      }
      throw error
    }
  }

  async #readWith(client: pg.Client, from: number): Promise<LogEntry[]> {
    const { rows } = await client.query<{ position: string; entry: Buffer }>({
      name: 'read',
      text: `SELECT position, entry FROM (
          SELECT position, entry, sum(length(entry)) OVER (ORDER BY position) - length(entry) AS before
          FROM (SELECT position, entry FROM ${this.#table} WHERE position >= $1 ORDER BY position LIMIT ${READ_ENTRIES}) page
        ) sized WHERE before < ${READ_BYTES} ORDER BY position`,
      values: [from],
    })
    const entries = rows.map(({ position, entry }) => ({ position: Number(position), bytes: entry }))
    const first = entries[0]
    if (first === undefined) await this.#checkLast(client, from - 1)
    else if (first.position !== from) throw new LogTrimmedError(`position ${from} was trimmed`)
    return entries
  }

  /** @throws {LogSetBackError} where the log ends before a position that it had */
  async #checkLast(client: pg.Client, wanted: number): Promise<void> {
    const { rows } = await client.query<{ last: string }>({
      name: 'last',
      text: `SELECT coalesce(max(position), 0) AS last FROM ${this.#table}`,
    })
    const last = Number(rows[0]?.last ?? 0)
    if (last < wanted) throw new LogSetBackError(last, wanted)
  }

  changed(signal: AbortSignal): Promise<void> {
    return this.#wakeup.wait(signal)
  }

  async trim(below: number): Promise<void> {
    const { client } = await this.#connectReader()
    await client.query(
      `DELETE FROM ${this.#table} WHERE position < $1 AND position < (SELECT max(position) FROM ${this.#table})`,
      [below],
    )
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const open = [this.#writer, this.#reader, this.#teller]
    this.#writer = this.#reader = this.#teller = undefined
    this.#wakeup.wake()
    for (const connection of open) (await connection?.catch(() => undefined))?.end()
  }

  #acknowledge(position: number): void {
    this.#acknowledged = position
    this.#wakeup.wake()
    // Others may apply the entry now. Where this is lost, the entry that follows tells them the same.
    const isTelling = this.#told < this.#toTell
    this.#toTell = position
    if (isTelling) return
    void this.#tell().catch(() => (this.#told = this.#toTell))
  }

  /** Tells the other clients up to where appends were acknowledged; what comes meanwhile is told together. */
  async #tell(): Promise<void> {
    while (this.#told < this.#toTell) {
      const position = this.#toTell
      const { client } = await this.#connectTeller()
      await client.query('SELECT pg_notify($1, $2)', [this.#channel, String(position)])
      this.#told = position
    }
  }

  #connectTeller(): Promise<Connection> {
    this.#teller ??= this.#connect(() => (this.#teller = undefined)).then(async connection => {
      // A notification is no promise: it must not wait for standbys.
      await connection.client.query('SET synchronous_commit = off')
      return connection
    })
    return this.#teller
  }

  #connectWriter(): Promise<Connection> {
    this.#writer ??= this.#connect(() => (this.#writer = undefined)).then(async connection => {
      await connection.client.query(COMMIT_DURABLY)
      return connection
    })
    return this.#writer
  }

  #connectReader(): Promise<Connection> {
    this.#reader ??= this.#connect(() => (this.#reader = undefined)).then(async connection => {
      connection.client.on('notification', ({ payload }) => {
        this.#acknowledged = Math.max(this.#acknowledged, Number(payload))
        this.#wakeup.wake()
      })
      await connection.client.query(`LISTEN ${this.#channel}`)
      return connection
    })
    return this.#reader
  }

  async #connect(forget: () => void): Promise<Connection> {
    try {
      if (this.#isClosed) throw new Error('the log is closed')
      return await connectToPrimary(this.#url, forget)
    } catch (error) {
      forget()
      throw error
    }
  }
}
