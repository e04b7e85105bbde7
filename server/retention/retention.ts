import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { DatabaseName } from '../../protocol/database-name.ts'
import { CouchError } from '../../protocol/errors.ts'
import type { Retention as Rules } from '../../protocol/retention.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import type { MetricFamily } from '../metrics/family.ts'
import { DatabaseRetention } from './database-retention.ts'
import { retentionFamilies } from './retention-families.ts'

/** A run of the rules of a database, as `_active_tasks` shows it. Times in seconds since 1970. */
export interface RetentionTask {
  readonly type: 'retention'
  readonly database: string
  readonly phase: string
  readonly changes_done: number
  readonly total_changes: number
  /** Percent. */
  readonly progress: number
  readonly started_on: number
  readonly updated_on: number
}

/** Effect of the rules of a database, as `GET /{db}/_retention` answers it. Counts are since the server's start. */
export interface RetentionReport {
  readonly purged: number
  readonly expired: number
  readonly refused: number
  readonly held_back_by: readonly string[]
  readonly error: string | null
}

/** Number of databases with rules, and of those that need a look. */
export interface RetentionCondition {
  readonly databases: number
  readonly held_back: number
  readonly refused: number
  readonly failed: number
}

export interface RetentionParts {
  readonly catalog: Catalog
  readonly config: Config
  readonly log: Logger
  /** Returns false while another node of the cluster applies the rules. Default: always true. */
  readonly mayWrite?: () => boolean
  /** The time of day in milliseconds since 1970, for tests. */
  readonly now?: () => number
}

/**
 * Applies the databases' rules for tombstones and for documents with an end, one database after the other, again and again.
 */
export class Retention {
  readonly #parts: RetentionParts
  readonly #now: () => number
  readonly #databases = new Map<DatabaseName, DatabaseRetention>()
  readonly #unlisten: () => void
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void>

  constructor(parts: RetentionParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
    this.#unlisten = parts.catalog.listen((event, name) => {
      if (event === 'deleted') this.#databases.delete(name)
    })
    this.#running = this.#findRules().catch((error: unknown) => this.#failed(error))
  }

  /** Looks for rules again: this node may write from now on. */
  startAgain(): void {
    this.#running = this.#running.then(() => this.#findRules()).catch((error: unknown) => this.#failed(error))
  }

  /** Takes notice of rules that were set, and applies them soon. */
  rulesChanged(database: Database): void {
    this.#remember(database)
    this.#schedule(0)
  }

  /** Applies all rules once; resolves when that is done. */
  async run(): Promise<void> {
    const run = this.#running.then(() => this.#runAll())
    this.#running = run.catch((error: unknown) => this.#failed(error))
    await run
  }

  get tasks(): RetentionTask[] {
    return [...this.#databases].flatMap(([database, { progress }]) => {
      if (progress === undefined) return []
      const { phase, done, total, started, updated } = progress
      return [
        {
          type: 'retention',
          database,
          phase,
          changes_done: done,
          total_changes: total,
          progress: total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100)),
          started_on: Math.floor(started / 1000),
          updated_on: Math.floor(updated / 1000),
        },
      ]
    })
  }

  reportOf(name: DatabaseName): RetentionReport {
    const { purged = 0, expired = 0, refused = 0, heldBackBy = [], error } = this.#databases.get(name) ?? {}
    return { purged, expired, refused, held_back_by: heldBackBy, error: error ?? null }
  }

  get condition(): RetentionCondition {
    const all = [...this.#databases.values()]
    return {
      databases: all.length,
      held_back: all.filter(({ heldBackBy }) => heldBackBy.length > 0).length,
      refused: all.filter(({ refused }) => refused > 0).length,
      failed: all.filter(({ error }) => error !== undefined).length,
    }
  }

  families(): MetricFamily[] {
    return retentionFamilies(this.#databases)
  }

  /** Stops what runs. Idempotent. */
  async close(): Promise<void> {
    this.#unlisten()
    this.#closing.abort(new Error('the server is closed'))
    clearTimeout(this.#timer)
    await this.#running
  }

  async #findRules(): Promise<void> {
    const { catalog } = this.#parts
    for await (const name of catalog.names()) {
      if (this.#closing.signal.aborted) return
      const state = await catalog.stateOf(name)
      if (hasRules(state?.retention)) this.#remember(await catalog.open(name))
    }
    this.#schedule()
  }

  #remember(database: Database): void {
    const context = {
      log: this.#parts.log,
      now: this.#now,
      pause: (signal: AbortSignal) => sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined),
    }
    if (!hasRules(database.state.retention)) this.#databases.delete(database.name)
    else if (!this.#databases.has(database.name))
      this.#databases.set(database.name, new DatabaseRetention(database, context))
  }

  #schedule(inMs = this.#parts.config.integer('retention', 'interval') * 1000): void {
    if (this.#closing.signal.aborted || this.#databases.size === 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      void this.run().catch(() => undefined)
    }, inMs).unref()
  }

  async #runAll(): Promise<void> {
    const { signal } = this.#closing
    try {
      for (const [name, retention] of [...this.#databases]) {
        if (signal.aborted || this.#parts.mayWrite?.() === false) return
        await this.#runOne(name, retention)
      }
    } finally {
      this.#schedule()
    }
  }

  async #runOne(name: DatabaseName, retention: DatabaseRetention): Promise<void> {
    try {
      await retention.run(this.#closing.signal)
      retention.error = undefined
    } catch (error) {
      if (this.#closing.signal.aborted || this.#databases.get(name) !== retention) return
      retention.error = error instanceof CouchError ? error.reason : (error as Error).message
      this.#failed(error, { database: name })
    }
  }

  #failed(error: unknown, what: object = {}): void {
    this.#parts.log.error({ err: error, ...what }, 'applying the retention of a database failed')
  }
}

/** Time after each commit in which other writers come first. */
const PAUSE_MS = 10

function hasRules(rules: Rules | undefined): boolean {
  return rules?.purge_tombstones_older_than !== undefined || rules?.expires_field !== undefined
}
