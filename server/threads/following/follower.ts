import type { MessagePort } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { DatabaseName } from '../../../protocol/database-name.ts'
import type { Attachments } from '../../attachments/attachments.ts'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../database/database.ts'
import { FollowedCatalog } from '../../database/following/followed-catalog.ts'
import { createLog } from '../../log/log.ts'
import { FollowedStore } from '../../storage/followed-store.ts'
import type { FollowerData, ToFollower } from '../messages.ts'
import { askedRanks } from './asked-ranks.ts'
import { askedWrites } from './asked-writes.ts'
import { FollowedConfig } from './followed-config.ts'
import { gatheredLogStream, type GatheredLogStream } from './log-stream.ts'
import { StoreThread } from './store-thread.ts'

/** Messages of the store thread that concern its data, whatever the thread does. */
export type FollowerOrder = Exclude<ToFollower, { readonly kind: 'answers' | 'end' }>

export interface FollowerOptions {
  /** Returns whether a database can be used here: no rules of the server. */
  readonly isPlain: (name: DatabaseName, config: Config) => boolean
  /** Makes the error for a database that is missing, or cannot be used here. */
  readonly elsewhere: (name: DatabaseName) => Error
}

/** Store, databases, settings and log of the server in a thread beside the store thread. */
export class Follower {
  readonly storeThread: StoreThread
  readonly store: FollowedStore
  readonly catalog: FollowedCatalog
  readonly log: Logger
  readonly #config: FollowedConfig
  readonly #logStream: GatheredLogStream
  /** Numbers of databases of whose changes the store thread tells. */
  readonly #watched = new Set<number>()

  constructor(port: MessagePort, data: FollowerData, { isPlain, elsewhere }: FollowerOptions) {
    this.storeThread = new StoreThread(port)
    this.#config = new FollowedConfig(data.config)
    this.#logStream = gatheredLogStream(lines => this.storeThread.send({ kind: 'log', lines }))
    this.log = createLog(this.config, this.#logStream, data.logLevel)
    this.store = new FollowedStore(data.store.directory, data.store.dataKey)
    this.catalog = new FollowedCatalog({
      store: this.store,
      // Attachments are read where they are written.
      attachments: undefined as unknown as Attachments,
      hooks: {
        ranksOf: database => askedRanks(database, this.storeThread),
        writeElsewhereFor: database => askedWrites(database, this.storeThread),
      },
      isPlain: name => isPlain(name, this.config),
      elsewhere,
    })
  }

  /** The configuration for those who only read it. */
  get config(): Config {
    return this.#config as unknown as Config
  }

  /** Has the store thread tell of a database's changes. What was committed before it knew of that is taken over then. */
  async watch({ name, record: { number } }: Database): Promise<void> {
    if (this.#watched.has(number)) return
    this.#watched.add(number)
    try {
      await this.storeThread.ask({ kind: 'watch', database: { name, number } })
      if (this.store.isOpen) this.catalog.follow(number)
    } catch {
      // The database is gone.
      this.#watched.delete(number)
      await this.catalog.forget(number)
    }
  }

  /** Carries out what the store thread says to all its threads. */
  async obey(message: FollowerOrder): Promise<void> {
    switch (message.kind) {
      case 'config_changed':
        return this.#config.follow(message.values)
      case 'close_store':
        return this.store.close()
      case 'open_store':
        return this.#openStore()
      case 'keys_lost':
        return this.store.lost.add(message.keys)
      case 'advanced':
        if (this.store.isOpen) this.catalog.follow(message.database)
        return
      case 'database_closed':
        this.#watched.delete(message.database)
        return this.catalog.forget(message.database)
    }
  }

  /** Hands the answers over to those who asked. */
  answered(message: Extract<ToFollower, { kind: 'answers' }>): void {
    for (const answer of message.answers) this.storeThread.answered(answer)
  }

  /** Closes what has to do with databases. */
  async close(): Promise<void> {
    await this.catalog.close()
    await this.store.close()
    this.#logStream.flush()
  }

  /** Opens the store again, and takes over what went by meanwhile. */
  async #openStore(): Promise<void> {
    await this.store.open()
    for (const number of this.catalog.numbers) this.catalog.follow(number)
  }
}
