import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { Database } from '../database/database.ts'
import { configuredDocumentLimits } from '../database/documents/document-limits.ts'
import type { CommitSubscriber } from '../database/commit/commit-record.ts'
import type { MetricFamily, MetricSample } from '../metrics/family.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { DatabaseResolver, type ResolverHost } from './database-resolver.ts'

export interface ConflictsParts {
  readonly config: Config
  readonly sandbox: Sandbox
  readonly log: Logger
  /** Returns false while another node of the cluster resolves. Default: always true. */
  readonly mayWrite?: () => boolean
}

/** The resolvers of all open databases. */
export class Conflicts {
  readonly #host: ResolverHost
  readonly #resolvers = new Map<Database, DatabaseResolver>()
  readonly #unlisten: () => void
  #closed = false
  #starting: Promise<void> | undefined

  constructor({ config, sandbox, log, mayWrite = () => true }: ConflictsParts) {
    this.#host = {
      sandbox,
      log,
      node: config.text('couchdb', 'uuid'),
      settings: {
        resolve: () => mayWrite() && config.boolean('conflicts', 'resolve'),
        maxResolutions: () => config.integer('conflicts', 'max_resolutions'),
        logSize: () => config.integer('conflicts', 'log_size'),
        limits: () => configuredDocumentLimits(config),
      },
    }
    this.#unlisten = config.onChange('conflicts', () => {
      for (const resolver of this.#resolvers.values()) resolver.reconsider()
    })
  }

  /**
   * Opens the databases that have conflicts, one after the other, so that policies hold for them before anybody asks for them.
   * Others are resolved from their next write on, which opens them.
   */
  start(catalog: Pick<Catalog, 'conflictCounts' | 'open'>): void {
    this.#starting ??= this.#openAll(catalog).catch((error: unknown) =>
      this.#host.log.error({ err: error }, 'databases with conflicts were not looked at'),
    )
  }

  /** Looks at all databases again: this node may write from now on. */
  startAgain(catalog: Pick<Catalog, 'conflictCounts' | 'open'>): void {
    this.#starting = undefined
    this.start(catalog)
    for (const resolver of this.#resolvers.values()) resolver.reconsider()
  }

  async #openAll(catalog: Pick<Catalog, 'conflictCounts' | 'open'>): Promise<void> {
    if (!this.#host.settings.resolve()) return
    for await (const { name } of catalog.conflictCounts()) {
      if (this.#closed) return
      await catalog.open(name).catch((error: unknown) => {
        this.#host.log.warn({ err: error, db: name }, 'the conflicts of a database cannot be looked at')
      })
    }
  }

  /** Follows a database that is being opened. */
  attach(database: Database): CommitSubscriber {
    const resolver = new DatabaseResolver(database, this.#host)
    this.#resolvers.set(database, resolver)
    if (!this.#closed) resolver.start()
    return {
      apply: commit => resolver.apply(commit),
      reload: () => resolver.reload(),
      close: async () => {
        this.#resolvers.delete(database)
        await resolver.close()
      },
    }
  }

  /** Returns the resolver of a database; undefined where it is not open. */
  of(database: Database): DatabaseResolver | undefined {
    return this.#resolvers.get(database)
  }

  /** Reads the metrics of databases with policies. */
  families(): MetricFamily[] {
    const outcomes: MetricSample[] = []
    const invalid: MetricSample[] = []
    const stopped: MetricSample[] = []
    for (const [{ name: db }, resolver] of this.#resolvers) {
      for (const [policy, { resolved, failed }] of resolver.counts) {
        outcomes.push({ value: resolved, labels: { db, policy, outcome: 'resolved' } })
        outcomes.push({ value: failed, labels: { db, policy, outcome: 'failed' } })
      }
      const { policies } = resolver
      if (policies.invalid.length > 0) invalid.push({ value: policies.invalid.length, labels: { db } })
      if (resolver.stopped.size > 0) stopped.push({ value: resolver.stopped.size, labels: { db } })
    }
    return [
      {
        name: 'couchdb_conflict_resolutions_total',
        type: 'counter',
        help: 'conflicts that a policy resolved, or failed to resolve',
        samples: outcomes,
      },
      {
        name: 'couchdb_conflict_policies_invalid',
        type: 'gauge',
        help: 'design documents whose conflict policies are not applied, because of an error in them',
        samples: invalid,
      },
      {
        name: 'couchdb_conflict_documents_stopped',
        type: 'gauge',
        help: 'documents that came into conflict too often, and are not resolved any more',
        samples: stopped,
      },
    ]
  }

  /** Waits for the resolutions at hand, and begins no more. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unlisten()
    await this.#starting
    await Promise.all([...this.#resolvers.values()].map(resolver => resolver.close()))
  }
}
