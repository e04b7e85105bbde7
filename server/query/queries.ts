import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { CommitSubscriber } from '../database/commit/commit-record.ts'
import type { Database } from '../database/database.ts'
import type { DocumentValidator } from '../database/documents/edit.ts'
import { DatabaseQueries } from './database-queries.ts'
import { DEFAULT_LIMITS } from '../sandbox/limits.ts'
import { Sandbox } from '../sandbox/sandbox.ts'
import type { RunResult } from '../concurrency/single-run.ts'
import type { BuildResult } from './views/index/build-result.ts'
import type { ViewIndex } from './views/index/view-index.ts'

/** A build of an index, as `_active_tasks` shows it. */
export interface IndexerTask {
  readonly type: 'indexer'
  readonly database: string
  readonly design_document: string
  readonly changes_done: number
  readonly total_changes: number
  readonly progress: number
  /** Seconds since 1970. */
  readonly started_on: number
  readonly updated_on: number
}

/** Names of an index in the log. */
export interface BuiltIndex {
  readonly database: string
  /** Ids of the design documents that have it. */
  readonly designs: readonly string[]
  readonly signature: string
}

export interface AttachedQueries {
  readonly subscriber: CommitSubscriber
  readonly validators: readonly DocumentValidator[]
}

/** Views, Mango and functions of design documents, of all databases. */
export class Queries {
  readonly sandbox: Sandbox
  /** Called after each compaction of an index. */
  onCompaction: ((database: Database, index: ViewIndex, result: RunResult) => void) | undefined
  /** Called after each build of an index. */
  onBuild: ((index: BuiltIndex, result: BuildResult) => void) | undefined
  readonly #log: Logger
  readonly #config: Config
  readonly #databases = new Map<Database, DatabaseQueries>()

  constructor(config: Config, log: Logger) {
    this.#log = log
    this.#config = config
    this.sandbox = new Sandbox({
      limits: {
        ...DEFAULT_LIMITS,
        memoryBytes: config.integer('quickjs', 'memory_limit_bytes'),
      },
      lists: config.integer('query_server_config', 'os_process_limit'),
      timeoutMs: () => config.integer('couchdb', 'os_process_timeout'),
      onLog: (key, lines) => {
        for (const line of lines) log.info({ function: key }, line)
      },
    })
  }

  /** Prepares the queries of a database that is being opened. Returns what follows its commits and judges its documents. */
  async attach(database: Database): Promise<AttachedQueries> {
    const queries: DatabaseQueries = await DatabaseQueries.open(database, this.sandbox, {
      log: this.#log,
      config: this.#config,
      onCompaction: (index, result) => this.onCompaction?.(database, index, result),
      onBuild: (index, result) => this.onBuild?.(builtIndex(database, index, queries), result),
    })
    this.#databases.set(database, queries)
    const subscriber: CommitSubscriber = {
      apply: commit => queries.apply(commit),
      reload: () => queries.reload(),
      close: () => this.#detach(database),
    }
    return { subscriber, validators: queries.validators }
  }

  of(database: Database): DatabaseQueries {
    const queries = this.#databases.get(database)
    if (queries === undefined) throw new Error(`database ${database.name} is not open`)
    return queries
  }

  /** All open databases. */
  databases(): Iterable<[Database, DatabaseQueries]> {
    return this.#databases
  }

  tasks(): IndexerTask[] {
    const tasks: IndexerTask[] = []
    for (const queries of this.#databases.values()) tasks.push(...tasksOf(queries))
    return tasks
  }

  /** Ends builds and workers. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([...this.#databases.values()].map(queries => queries.close()))
    await this.sandbox.close()
  }

  async #detach(database: Database): Promise<void> {
    await this.#databases.get(database)?.close()
    this.#databases.delete(database)
  }
}

function builtIndex(database: Database, index: ViewIndex, queries: DatabaseQueries): BuiltIndex {
  return {
    database: database.name,
    designs: queries.designsOf(index),
    signature: index.definition.signature,
  }
}

function tasksOf(queries: DatabaseQueries): IndexerTask[] {
  const tasks: IndexerTask[] = []
  for (const index of queries.indexes()) {
    if (index.progress === undefined) continue
    const { done, total, started, updated } = index.progress
    for (const ddoc of queries.designsOf(index)) {
      tasks.push({
        type: 'indexer',
        database: queries.database.name,
        design_document: ddoc,
        changes_done: done,
        total_changes: total,
        progress: total === 0 ? 100 : Math.floor((done * 100) / total),
        started_on: Math.floor(started / 1000),
        updated_on: Math.floor(updated / 1000),
      })
    }
  }
  return tasks
}
