import { randomBytes } from 'node:crypto'
import type { DatabaseName } from '../../protocol/database-name.ts'
import type { Attachments } from '../attachments/attachments.ts'
import { fail } from '../../protocol/errors.ts'
import { Turns } from '../../protocol/turns.ts'
import { makeSuffix } from '../../protocol/sequence.ts'
import { DatabaseKeys } from '../storage/keys.ts'
import { GroupSync } from '../storage/group-sync.ts'
import type { Store, StoreBatch } from '../storage/store.ts'
import type { CommitSubscriber } from './commit/commit-record.ts'
import {
  type ConflictCount,
  conflictCounts,
  databaseNames,
  type NameRange,
  nextDatabaseNumber,
  readDatabaseRecord,
} from './catalog-records.ts'
import { clearDropped } from './clear-dropped.ts'
import { Database, type DatabaseHooks } from './database.ts'
import type { DatabaseRecord } from './database-record.ts'
import { databaseSizes, type DatabaseSizes } from './maintenance/database-sizes.ts'
import { type CatalogChange, putReplicated } from './replicated-records.ts'
import type { ReplicatedChange } from './replication-hook.ts'
import type { SharedStorage } from './shared-storage.ts'
import { decodeState, type DatabaseState } from './state.ts'

export type { ConflictCount, NameRange } from './catalog-records.ts'

/** Kind of an event of `_db_updates`. */
export type DatabaseEvent = 'created' | 'updated' | 'deleted'

export type DatabaseListener = (event: DatabaseEvent, name: DatabaseName) => void

/** Options of `PUT /{db}`. */
export interface DatabaseOptions {
  readonly partitioned: boolean
  /** `q`: answered in the database's information; one node keeps a database in one piece. */
  readonly shards?: number
}

/** All databases of a store: creates, opens, lists and drops them. A database stays open once it was used. */
export class Catalog {
  readonly #store: Store
  readonly #shared: SharedStorage
  readonly #hooks: DatabaseHooks
  readonly #open = new Map<DatabaseName, Promise<Database>>()
  readonly #start = randomBytes(8).toString('hex')
  readonly #listeners = new Set<DatabaseListener>()
  #changes = 0
  /** Creations and deletions happen one after the other. */
  readonly #changing = new Turns(() => ({ running: 1 }))
  #clearing: Promise<void> = Promise.resolve()
  /** Names whose creation or deletion failed: it may be on disk or not. */
  readonly #undecided = new Set<DatabaseName>()
  readonly #unlisten: (() => void) | undefined

  constructor(store: Store, attachments: Attachments, hooks: DatabaseHooks = {}) {
    this.#store = store
    this.#shared = { store, sync: new GroupSync(store, hooks.replicate), attachments }
    this.#hooks = hooks
    this.#clearing = clearDropped(this.#shared).catch(() => undefined)
    this.#unlisten = store.health?.onReopened(() => this.#changing.run(() => this.#reload()))
  }

  /** @throws `noDatabase` */
  async open(name: DatabaseName): Promise<Database> {
    const open = await this.#open.get(name)
    if (open === undefined) return this.#changing.run(() => this.#openNow(name))
    if (open.failed && (this.#store.health?.state ?? 'healthy') === 'healthy') {
      await this.#changing.run(async () => {
        if (open.failed) await open.reload()
      })
    }
    return open
  }

  async exists(name: DatabaseName): Promise<boolean> {
    return this.#open.has(name) || (await this.#read(name)) !== undefined
  }

  /** Reads the counts of a database without opening it; undefined if there is no database of that name. */
  async stateOf(name: DatabaseName): Promise<Readonly<DatabaseState> | undefined> {
    const open = await this.#open.get(name)
    if (open !== undefined) return open.state
    const record = await this.#read(name)
    if (record === undefined) return undefined
    return decodeState(await this.#store.get(new DatabaseKeys(record.number).state))
  }

  /** State of the store: whether it takes writes. Undefined for a store in memory. */
  get health(): Store['health'] {
    return this.#store.health
  }

  /** The sizes of a database, and its changes since it was compacted, without opening it; undefined where there is none. */
  async sizesOf(name: DatabaseName): Promise<(DatabaseSizes & { readonly changes: number }) | undefined> {
    const open = await this.#open.get(name)
    const record = open?.record ?? (await this.#read(name))
    if (record === undefined) return undefined
    const keys = new DatabaseKeys(record.number)
    const state = open?.state ?? decodeState(await this.#store.get(keys.state))
    const sizes = await databaseSizes({ store: this.#store, keys }, state)
    const { compactedSeq = 0, compactedFile = 0 } = open?.compaction ?? {}
    return { ...sizes, active: Math.max(sizes.active, compactedFile), changes: state.seq - compactedSeq }
  }

  /** The database, where it is open already. */
  opened(name: DatabaseName): Promise<Database> | undefined {
    return this.#open.get(name)
  }

  get openDatabases(): number {
    return this.#open.size
  }

  /** Changes with the list of databases. */
  get version(): string {
    return `${this.#start}-${this.#changes}`
  }

  /** Tells of every creation, deletion and commit, as soon as it is on disk. @returns what ends it */
  listen(listener: DatabaseListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @throws `databaseExists` */
  create(name: DatabaseName, options: DatabaseOptions): Promise<Database> {
    return this.#changing.run(async () => {
      if (await this.exists(name)) throw fail('databaseExists')
      const number = await nextDatabaseNumber(this.#store)
      const record: DatabaseRecord = {
        number,
        instance: makeSuffix(randomBytes(9)),
        created: Math.floor(Date.now() / 1000),
        ...options,
      }
      const security = this.#hooks.newSecurity?.()
      await this.#decide({ kind: 'create', name, record, security })
      return this.#created(name, record)
    })
  }

  /**
   * Drops a database: gone at once, its range is deleted in the background.
   *
   * @throws `noDatabase`
   */
  drop(name: DatabaseName): Promise<void> {
    return this.#changing.run(async () => {
      const database = await this.#openNow(name)
      await this.#decide({ kind: 'drop', name, number: database.record.number })
      await this.#forget(name, database)
    })
  }

  /** Reads the names of databases in bytewise order. */
  names(range: NameRange = {}): AsyncGenerator<DatabaseName> {
    return databaseNames(this.#store, range)
  }

  /** Reads which databases have documents in conflict, how many, and since when the oldest, in milliseconds since 1970. */
  conflictCounts(): AsyncGenerator<ConflictCount> {
    return conflictCounts(this.#store)
  }

  /** Waits for all writes. Idempotent. */
  async close(): Promise<void> {
    this.#unlisten?.()
    await this.#changing.run(async () => undefined)
    for (const database of this.#open.values()) await (await database).close()
    this.#open.clear()
    await this.#clearing
  }

  /** Not while databases are created or dropped: there must be one writer, and none to a database that is gone. */
  async #openNow(name: DatabaseName): Promise<Database> {
    const open = await this.#open.get(name)
    if (open !== undefined) return open
    const record = await this.#read(name)
    if (record === undefined) throw fail('noDatabase')
    return this.#remember(name, record)
  }

  /** Writes a creation or deletion; one that fails is settled when the store was opened again. */
  async #decide(change: CatalogChange): Promise<void> {
    const batch = this.#store.batch()
    putReplicated(batch, change)
    this.#undecided.add(change.name)
    if (this.#hooks.replicate === undefined) await batch.write({ sync: true })
    else await this.#hooks.replicate([change], batch)
    this.#undecided.delete(change.name)
  }

  #created(name: DatabaseName, record: DatabaseRecord): Promise<Database> {
    this.#changes += 1
    this.#tell('created', name)
    return this.#remember(name, record)
  }

  /** Applies a change that another node made, with what else is in the batch. Call it for one change after the other. */
  applyReplicated(change: ReplicatedChange, batch: StoreBatch): Promise<void> {
    return this.#changing.run(async () => {
      const database = change.kind === 'create' ? undefined : await this.#openNow(change.name)
      if (database?.failed === true) await database.reload()
      putReplicated(batch, change)
      await batch.write()
      if (change.kind === 'create') await this.#created(change.name, change.record)
      else if (change.kind === 'commit') database!.applyReplicated(change.record)
      else await this.#forget(change.name, database!)
    })
  }

  /** Reads databases again whose writes were refused, as another node leads: nothing of them is on disk. */
  reloadFailed(): Promise<void> {
    return this.#changing.run(async () => {
      for (const opening of [...this.#open.values()]) {
        const database = await opening.catch(() => undefined)
        if (database?.failed === true) await database.reload()
      }
    })
  }

  /** Closes a database that was dropped, and deletes what it left. */
  async #forget(name: DatabaseName, database: Database): Promise<void> {
    this.#open.delete(name)
    this.#changes += 1
    this.#tell('deleted', name)
    await database.close({ dropped: true })
    this.#clearLater()
  }

  #clearLater(): void {
    // What a failure leaves is deleted when the store was opened again, or at the next start.
    this.#clearing = this.#clearing.then(() => clearDropped(this.#shared)).catch(() => undefined)
  }

  /** Reads everything again from a store that was opened again. */
  async #reload(): Promise<void> {
    for (const [name, opening] of [...this.#open]) {
      const database = await opening.catch(() => undefined)
      if (database === undefined) continue
      const record = this.#undecided.has(name) ? await this.#read(name) : database.record
      if (record?.number === database.record.number) await database.reload()
      else await this.#forget(name, database)
    }
    for (const name of this.#undecided) {
      if (this.#open.has(name) || (await this.#read(name)) === undefined) continue
      this.#changes += 1
      this.#tell('created', name)
    }
    this.#undecided.clear()
    this.#clearLater()
  }

  #read(name: DatabaseName): Promise<DatabaseRecord | undefined> {
    return readDatabaseRecord(this.#store, name)
  }

  #remember(name: DatabaseName, record: DatabaseRecord): Promise<Database> {
    const database = Database.open(this.#shared, name, record, this.#hooks, ({ state }) => [
      this.#updatesOf(name, state.seq),
    ])
    this.#open.set(name, database)
    // One that cannot be read stays closed: it is tried again, and does not keep the others from closing.
    database.catch(() => this.#open.delete(name))
    return database
  }

  /** Tells of each commit that changed documents, and where a store that was opened again has more of them. */
  #updatesOf(name: DatabaseName, seq: number): CommitSubscriber {
    let toldSeq = seq
    const tell = (seq: number): void => {
      toldSeq = seq
      this.#tell('updated', name)
    }
    return {
      apply: ({ changes }) => {
        const last = changes.at(-1)
        if (last !== undefined) tell(last.seq)
      },
      reload: ({ state, hasFailed }) => {
        if (hasFailed && state.seq > toldSeq) tell(state.seq)
      },
    }
  }

  #tell(event: DatabaseEvent, name: DatabaseName): void {
    for (const listener of this.#listeners) listener(event, name)
  }
}
