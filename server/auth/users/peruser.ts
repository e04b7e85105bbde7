import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type DatabaseName, parseDatabaseName } from '../../../protocol/database-name.ts'
import { CouchError } from '../../../protocol/errors.ts'
import { jsonMembers } from '../../../protocol/json/members.ts'
import { changesAfter } from '../../changes/read-changes.ts'
import type { Config } from '../../config/config.ts'
import type { Catalog } from '../../database/catalog.ts'
import type { Database } from '../../database/database.ts'
import { usersDatabase } from './directory.ts'
import { USER_PREFIX } from './user-document.ts'

/** Wait before a users database that went away is opened again, in milliseconds. */
const REOPEN_MS = 1000

interface ChangesRow {
  readonly id: string
  readonly deleted?: boolean
}

/**
 * A database of their own for each user, as CouchDB's `couch_peruser` makes it: it follows the users database from its
 * beginning, makes the database of each user, and names the user in `admins` and `members` of its `_security`.
 */
export class PerUserDatabases {
  readonly #config: Config
  readonly #catalog: Catalog
  readonly #log: Logger
  readonly #unlisten: readonly (() => void)[]
  #stop = new AbortController()
  #following: Promise<void> = Promise.resolve()
  #closed = false

  constructor(config: Config, catalog: Catalog, log: Logger) {
    this.#config = config
    this.#catalog = catalog
    this.#log = log
    const chosen = (key: string): void => {
      if (key === 'authentication_db') this.#restart()
    }
    this.#unlisten = [
      config.onChange('couch_peruser', () => this.#restart()),
      config.onChange('chttpd_auth', chosen),
      config.onChange('couch_httpd_auth', chosen),
    ]
    this.#restart()
  }

  /** Waits for the change that is handled. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    for (const unlisten of this.#unlisten) unlisten()
    this.#stop.abort()
    await this.#following
  }

  /** Begins again with all users, where it is enabled. */
  #restart(): void {
    this.#stop.abort()
    if (this.#closed) return
    const { signal } = (this.#stop = new AbortController())
    this.#following = this.#following.then(async () => {
      while (!signal.aborted && this.#config.boolean('couch_peruser', 'enable')) await this.#follow(signal)
    })
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      const users = await this.#catalog.open(usersDatabase(this.#config))
      let last = 0
      do {
        for await (const { rows, seq } of changesAfter(users, last, { allLeaves: false })) {
          for (const row of rows) {
            if (signal.aborted) return
            await this.#handle(JSON.parse(row) as ChangesRow)
          }
          last = seq
        }
      } while (await users.tail.wait(last, signal))
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error }, 'the users database cannot be followed')
    }
    await pause(REOPEN_MS, undefined, { signal }).catch(() => undefined)
  }

  /** One user less or more; a failure concerns that user alone. */
  async #handle({ id, deleted = false }: ChangesRow): Promise<void> {
    if (!id.startsWith(USER_PREFIX)) return
    const user = id.slice(USER_PREFIX.length)
    try {
      const name = parseDatabaseName(
        userDatabaseName(this.#config.text('couch_peruser', 'database_prefix'), user),
      )
      if (!deleted) await this.#ensure(name, user)
      else if (await this.#catalog.exists(name)) await this.#remove(name, user)
    } catch (error) {
      this.#log.warn({ err: error, user }, 'the database of a user cannot be kept')
    }
  }

  async #ensure(name: DatabaseName, user: string): Promise<void> {
    if (!(await this.#catalog.exists(name))) {
      const shards = this.#config.integer('couch_peruser', 'q')
      await this.#catalog.create(name, { partitioned: false, shards }).catch((error: unknown) => {
        if (!(error instanceof CouchError && error.status === 412)) throw error
      })
    }
    await changeNames(await this.#catalog.open(name), names =>
      names.includes(user) ? names : [user, ...names],
    )
  }

  async #remove(name: DatabaseName, user: string): Promise<void> {
    if (this.#config.boolean('couch_peruser', 'delete_dbs')) return this.#catalog.drop(name)
    await changeNames(await this.#catalog.open(name), names =>
      names.includes(user) ? names.toSpliced(names.indexOf(user), 1) : names,
    )
  }
}

/** The prefix and the bytes of the user's name in hex, each without a leading zero, as CouchDB writes them. */
export function userDatabaseName(prefix: string, user: string): string {
  return prefix + [...Buffer.from(user)].map(byte => byte.toString(16)).join('')
}

/** Changes the names in `admins` and `members`; everything else of `_security` stays as it is. */
async function changeNames(
  database: Database,
  change: (names: readonly string[]) => readonly string[],
): Promise<void> {
  const members = new Map(
    (jsonMembers(Buffer.from(database.securityText)) ?? []).map(([key, value]) => [key, value.toString()]),
  )
  let changed = false
  for (const key of ['admins', 'members'] as const) {
    const before = database.security[key].names
    const names = change(before)
    if (names === before) continue
    changed = true
    const group = JSON.parse(members.get(key) ?? '{}') as object
    members.set(key, JSON.stringify({ ...group, names }))
  }
  if (!changed) return
  const text = [...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')
  await database.setSecurity(Buffer.from(`{${text}}`))
}
