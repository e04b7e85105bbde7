import type { DatabaseName } from '../../../protocol/database-name.ts'
import { GroupSync } from '../../storage/group-sync.ts'
import { databaseNameKey } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import type { ReplicatedChange } from '../replication-hook.ts'
import { Database, type DatabaseHooks } from '../database.ts'
import type { DatabaseRecord } from '../database-record.ts'
import { FollowedDatabase } from './followed-database.ts'

export interface FollowedCatalogOptions {
  readonly store: Store
  readonly attachments: Attachments
  readonly hooks: Pick<DatabaseHooks, 'ranksOf' | 'writeElsewhereFor'>
  /** Returns whether a database has nothing but what is stored: no rules of the server. */
  readonly isPlain: (name: DatabaseName) => boolean
  /** Makes the error for a database that cannot be read here. */
  readonly elsewhere: (name: DatabaseName) => Error
}

/** The databases of a store that another thread writes. Each is as it is on disk whenever it is opened. */
export class FollowedCatalog {
  readonly health = undefined
  readonly #options: FollowedCatalogOptions
  readonly #sync: GroupSync<ReplicatedChange>
  readonly #open = new Map<DatabaseName, Promise<FollowedDatabase>>()
  readonly #byNumber = new Map<number, FollowedDatabase>()

  constructor(options: FollowedCatalogOptions) {
    this.#options = options
    this.#sync = new GroupSync(options.store)
  }

  /** @throws what `elsewhere` makes, where there is no such database or it is not plain */
  async open(name: DatabaseName): Promise<Database> {
    const { store, isPlain, elsewhere } = this.#options
    if (!isPlain(name)) throw elsewhere(name)
    const record = store.getSync(databaseNameKey(name))
    if (record === undefined) throw elsewhere(name)
    const known = await this.#open.get(name)
    if (known !== undefined && Buffer.compare(known.record, record) === 0) {
      known.follow()
      return known.database
    }
    if (known !== undefined) await this.forget(known.database.record.number)
    let opening = this.#open.get(name)
    if (opening === undefined) this.#open.set(name, (opening = this.#openNow(name, record)))
    return (await opening).database
  }

  /** A followed database is not told to be missing here. */
  async exists(name: DatabaseName): Promise<boolean> {
    await this.open(name)
    return true
  }

  /** Takes over what was put on disk of a database that is open here. */
  follow(number: number): Database | undefined {
    const followed = this.#byNumber.get(number)
    followed?.follow()
    return followed?.database
  }

  /** Of the databases that are open here. */
  get numbers(): readonly number[] {
    return [...this.#byNumber.keys()]
  }

  /** Closes a database, which ends its feeds. */
  async forget(number: number): Promise<void> {
    const followed = this.#byNumber.get(number)
    if (followed === undefined) return
    this.#byNumber.delete(number)
    this.#open.delete(followed.database.name)
    await followed.database.close()
  }

  async close(): Promise<void> {
    for (const number of this.numbers) await this.forget(number)
  }

  async #openNow(name: DatabaseName, bytes: Uint8Array): Promise<FollowedDatabase> {
    try {
      const { store, attachments, hooks } = this.#options
      const record = JSON.parse(Buffer.from(bytes).toString()) as DatabaseRecord
      const database = await Database.open({ store, sync: this.#sync, attachments }, name, record, hooks)
      const followed = new FollowedDatabase(database, bytes)
      this.#byNumber.set(record.number, followed)
      return followed
    } catch (error) {
      this.#open.delete(name)
      throw error
    }
  }
}
