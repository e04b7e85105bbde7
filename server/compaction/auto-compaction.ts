import type { Logger } from 'pino'
import type { DatabaseName } from '../../protocol/database-name.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import type { Queries } from '../query/queries.ts'
import type { ViewIndex } from '../query/views/index/view-index.ts'
import type { WorkQueue } from '../concurrency/work-queue.ts'
import { CompactionChannel, type CompactionTarget } from './channel.ts'
import { channelSettings } from './channel-settings.ts'
import { compactionPriority, type CompactionSizes } from './priority.ts'

export interface AutoCompactionParts {
  readonly catalog: Catalog
  readonly queries: Queries
  readonly config: Config
  readonly queue: WorkQueue
  readonly log: Logger
  /** Returns false while another node of the cluster compacts databases. Default: always true. */
  readonly mayWrite?: () => boolean
  /** The time of day, for tests. */
  readonly now?: () => Date
}

/** Named in the log. */
interface CompactedThing {
  readonly database: DatabaseName
  /** Of an index. */
  readonly signature?: string
}

const MINUTE_MS = 60_000

/**
 * Compacts databases and indexes by themselves, as CouchDB's smoosh does: what was written to is looked at, and goes into
 * the first channel of `[smoosh]` whose rule it meets.
 */
export class AutoCompaction {
  readonly #parts: AutoCompactionParts
  readonly #channels = new Map<string, CompactionChannel>()
  /** Databases with changes that were not looked at yet. */
  readonly #changed = new Set<DatabaseName>()
  /** Time of the last look at each database, by `performance.now()`. */
  readonly #lookedAt = new Map<DatabaseName, number>()
  readonly #unlisten: () => void
  /** No database is compacted before. */
  readonly #begin: number
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #closed = false

  constructor(parts: AutoCompactionParts) {
    this.#parts = parts
    this.#begin = performance.now() + parts.config.integer('smoosh', 'wait_secs') * 1000
    this.#unlisten = parts.catalog.listen((event, name) => {
      if (event === 'deleted') this.#forget(name)
      else this.#note(name)
    })
    this.noteAll()
  }

  /** Notes all databases, for those that an earlier run of the server, or another node, left to be compacted. */
  noteAll(): void {
    this.#looking = this.#looking.then(() => this.#noteAll()).catch((error: unknown) => this.#failed(error))
  }

  /** The channels as `_smoosh/status` shows them. */
  get status(): Record<string, object> {
    const { config } = this.#parts
    const names = [...config.list('smoosh', 'db_channels'), ...config.list('smoosh', 'view_channels')]
    return Object.fromEntries(names.map(name => [name, this.#channel(name).status]))
  }

  /** Stops what is compacted. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unlisten()
    clearTimeout(this.#timer)
    await this.#looking
    await Promise.all([...this.#channels.values()].map(channel => channel.close()))
  }

  async #noteAll(): Promise<void> {
    for await (const name of this.#parts.catalog.names()) {
      if (this.#closed) return
      this.#note(name)
    }
  }

  #note(name: DatabaseName): void {
    if (this.#changed.has(name)) return
    this.#changed.add(name)
    this.#schedule(this.#dueAt(name))
  }

  #forget(name: DatabaseName): void {
    this.#changed.delete(name)
    this.#lookedAt.delete(name)
  }

  #dueAt(name: DatabaseName): number {
    const staleness = this.#parts.config.integer('smoosh', 'staleness') * MINUTE_MS
    return Math.max(this.#begin, (this.#lookedAt.get(name) ?? -Infinity) + staleness)
  }

  #schedule(dueAt: number): void {
    if (this.#timer !== undefined || this.#closed) return
    const look = (): void => {
      this.#timer = undefined
      this.#looking = this.#looking.then(() => this.#look()).catch((error: unknown) => this.#failed(error))
    }
    this.#timer = setTimeout(look, Math.max(0, dueAt - performance.now()))
    this.#timer.unref()
  }

  /** Looks at what changed and was not looked at lately; comes again for the rest. */
  async #look(): Promise<void> {
    let next = Infinity
    for (const name of [...this.#changed]) {
      if (this.#closed) return
      const due = this.#dueAt(name)
      if (due > performance.now()) {
        next = Math.min(next, due)
        continue
      }
      this.#changed.delete(name)
      this.#lookedAt.set(name, performance.now())
      await this.#consider(name).catch((error: unknown) => this.#failed(error))
    }
    if (next < Infinity) this.#schedule(next)
  }

  async #consider(name: DatabaseName): Promise<void> {
    const { catalog, queries, config } = this.#parts
    if (config.get('smoosh.ignore', name) === 'true') return
    const sizes = await catalog.sizesOf(name)
    if (sizes === undefined) return
    if (this.#parts.mayWrite?.() !== false)
      this.#offer('db_channels', sizes, this.#databaseTarget(name), sizes.changes)
    const database = await catalog.opened(name)
    if (database === undefined) return
    for (const index of queries.of(database).indexes()) {
      this.#offer('view_channels', await sizesOfIndex(index), this.#indexTarget(database, index))
    }
  }

  #offer(
    channels: 'db_channels' | 'view_channels',
    sizes: CompactionSizes,
    target: CompactionTarget,
    changes = Infinity,
  ): void {
    const { config } = this.#parts
    for (const name of config.list('smoosh', channels)) {
      const settings = channelSettings(config, name)
      const priority = changes < settings.minChanges ? 0 : compactionPriority(settings, sizes)
      if (priority > 0) return this.#channel(name).enqueue(target, priority)
    }
  }

  #channel(name: string): CompactionChannel {
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      channel = new CompactionChannel(() => channelSettings(this.#parts.config, name), this.#parts.now)
      this.#channels.set(name, channel)
    }
    return channel
  }

  #databaseTarget(name: DatabaseName): CompactionTarget {
    const { catalog, queries, config, queue } = this.#parts
    return {
      key: name,
      compact: signal =>
        this.#run({ database: name }, signal, async () => {
          if (!(await catalog.exists(name))) return
          const database = await catalog.open(name)
          await database.compaction.run(queue, signal)
          if (config.boolean('smoosh', 'cleanup_index_files') && !signal.aborted)
            await queries.of(database).cleanUp()
        }),
    }
  }

  #indexTarget(database: Database, index: ViewIndex): CompactionTarget {
    const { signature } = index.definition
    return {
      key: `${database.name} ${signature}`,
      compact: signal =>
        this.#run({ database: database.name, signature }, signal, () =>
          this.#parts.queue.run(() => index.compact(signal), { signal }),
        ),
    }
  }

  /** Runs one compaction and logs its failure, unless the database was deleted or the compaction stopped meanwhile. */
  async #run(what: CompactedThing, signal: AbortSignal, compact: () => Promise<void>): Promise<void> {
    this.#parts.log.info(what, 'automatic compaction begins')
    try {
      await compact()
    } catch (error) {
      if (this.#closed || signal.aborted || !(await this.#parts.catalog.exists(what.database))) return
      this.#failed(error, what)
    }
  }

  #failed(error: unknown, what: object = {}): void {
    this.#parts.log.error({ err: error, ...what }, 'automatic compaction failed')
  }
}

async function sizesOfIndex(index: ViewIndex): Promise<CompactionSizes> {
  const { file, active } = await index.sizes()
  return { file, active: Math.max(active, index.compaction.compactedFile) }
}
