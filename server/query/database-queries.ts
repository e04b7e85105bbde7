import type { Logger } from 'pino'
import { fail } from '../../protocol/errors.ts'
import type { JsonValue } from '../../protocol/json-value.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../database/database.ts'
import type { CommitRecord, CommitSubscriber } from '../database/commit/commit-record.ts'
import type { DocumentValidator } from '../database/documents/edit.ts'
import { DesignCodeValidator } from './design/check-design.ts'
import { isRunnable, languageOf, type DesignDocument } from './design/design-document.ts'
import { DesignDocuments } from './design/design-documents.ts'
import { DesignValidator } from './design/validation.ts'
import { documentTexts, type DocumentContent } from './document-content.ts'
import { mangoIndexes, type MangoIndex } from './mango/mango-index.ts'
import { mangoMapper } from './mango/mapper.ts'
import { reducerOf } from './reduce/reducer.ts'
import { ROW_FIELDS, type PackedRows } from '../sandbox/messages.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { skipUnusable, type OnSkip } from './skip-unusable.ts'
import type { ChangedDocument } from './views/index/changed-documents.ts'
import { indexDefinition, type IndexDefinition } from './views/definition.ts'
import type { RunResult } from '../concurrency/single-run.ts'
import type { IndexKeys } from './views/row-key.ts'
import type { BuildResult } from './views/index/build-result.ts'
import { ViewIndex, type MapDocuments } from './views/index/view-index.ts'

const NO_ROWS: PackedRows = { bytes: new Uint8Array(), index: new Uint32Array() }

/** After a commit, indexes wait for more before they take it up. */
const BUILD_DELAY_MS = 500

export interface QueryContext {
  readonly log: Logger
  readonly config: Config
  /** Called after each compaction of an index. */
  readonly onCompaction?: ((index: ViewIndex, result: RunResult) => void) | undefined
  /** Called after each build of an index. */
  readonly onBuild?: ((index: ViewIndex, result: BuildResult) => void) | undefined
}

/** The design documents and indexes of one database. */
export class DatabaseQueries implements CommitSubscriber {
  readonly database: Database
  readonly designs: DesignDocuments
  readonly sandbox: Sandbox
  /** Judge the database's documents before they are written. */
  readonly validators: readonly DocumentValidator[]
  readonly #log: Logger
  readonly #config: Config
  readonly #onCompaction: QueryContext['onCompaction']
  readonly #onBuild: QueryContext['onBuild']
  readonly #indexes = new Map<string, ViewIndex>()
  readonly #definitions = new WeakMap<DesignDocument, IndexDefinition>()
  #mangoIndexes: readonly MangoIndex[] | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  static async open(database: Database, sandbox: Sandbox, context: QueryContext): Promise<DatabaseQueries> {
    return new DatabaseQueries(database, await DesignDocuments.open(database), sandbox, context)
  }

  private constructor(
    database: Database,
    designs: DesignDocuments,
    sandbox: Sandbox,
    { log, config, onCompaction, onBuild }: QueryContext,
  ) {
    this.database = database
    this.designs = designs
    this.sandbox = sandbox
    this.#log = log
    this.#config = config
    this.#onCompaction = onCompaction
    this.#onBuild = onBuild
    this.validators = [
      new DesignValidator(database, designs, sandbox),
      new DesignCodeValidator(sandbox, String(database.record.number), () => ({
        values: config.integer('couchette', 'max_design_values'),
        views: config.integer('couchette', 'max_design_views'),
        indexFields: config.integer('couchette', 'max_index_fields'),
      })),
    ]
  }

  /** The indexes that were used since the database was opened. */
  indexes(): Iterable<ViewIndex> {
    return this.#indexes.values()
  }

  /** The ids of the design documents that have this index. */
  designsOf(index: ViewIndex): string[] {
    return [...this.designs.all()]
      .filter(ddoc => this.#definitionOf(ddoc).signature === index.definition.signature)
      .map(({ id }) => id)
  }

  /** The indexes that Mango queries can use, in CouchDB's order. */
  get mangoIndexes(): readonly MangoIndex[] {
    this.#mangoIndexes ??= mangoIndexes(this.designs.all(), this.database.record.partitioned)
    return this.#mangoIndexes
  }

  /**
   * The index of a design document's views.
   *
   * @throws `unknown_query_language`
   */
  indexOf(ddoc: DesignDocument): ViewIndex {
    const { language } = this.#definitionOf(ddoc)
    if (language !== 'query' && !isRunnable(language)) throw fail('unknownQueryLanguage', language)
    return this.describedIndexOf(ddoc)
  }

  /** Returns the index for `_info`, which unlike `indexOf` accepts languages that cannot be run; theirs is empty. */
  describedIndexOf(ddoc: DesignDocument): ViewIndex {
    const definition = this.#definitionOf(ddoc)
    const known = this.#indexes.get(definition.signature)
    if (known !== undefined) return known
    const isMango = definition.language === 'query'
    const owner = String(this.database.record.number)
    const { sandbox } = this
    const refuses = (reason: string) => this.#refusesReduction(ddoc, reason)
    const index = new ViewIndex(this.database, definition, {
      map: isMango ? mangoMapper(definition, this.onSkip) : this.#sandboxMapper(definition),
      reducers: definition.views.map(({ reduce }) =>
        reduce === undefined || !isRunnable(definition.language)
          ? undefined
          : reducerOf(reduce, { sandbox, owner, language: definition.language, refuses }),
      ),
    })
    index.compaction.onEnd = result => this.#onCompaction?.(index, result)
    index.onBuild = result => this.#onBuild?.(index, result)
    this.#indexes.set(definition.signature, index)
    return index
  }

  /** Drops the indexes that no design document asks for. */
  async cleanUp(): Promise<void> {
    const live = new Set<string>()
    for (const ddoc of this.designs.all()) live.add(this.#definitionOf(ddoc).signature)
    for (const [signature, index] of this.#indexes) {
      if (live.has(signature)) continue
      this.#indexes.delete(signature)
      await index.close()
    }
    await this.database.indexes.removeOthers(live)
  }

  /** Ends builds. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await Promise.all([...this.#indexes.values()].map(index => index.close()))
  }

  /** Reads design documents that a commit changed, and has the indexes updated in a moment. */
  apply(commit: CommitRecord): void {
    if (this.designs.apply(commit)) this.#mangoIndexes = undefined
    if (this.#timer !== undefined || this.#closed || commit.changes.length === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#buildAll()
    }, BUILD_DELAY_MS)
    this.#timer.unref()
  }

  /** Reads design documents and indexes again from a store that was opened again. */
  async reload(): Promise<void> {
    await this.designs.reload()
    this.#mangoIndexes = undefined
    for (const index of this.#indexes.values()) await index.reload()
  }

  #refusesReduction({ id }: DesignDocument, reason: string): boolean {
    const limit = this.#config.text('query_server_config', 'reduce_limit')
    if (limit !== 'false') this.#log.warn({ database: this.database.name, ddoc: id }, reason)
    return limit === 'true'
  }

  #definitionOf(ddoc: DesignDocument): IndexDefinition {
    const known = this.#definitions.get(ddoc)
    if (known !== undefined) return known
    const definition = indexDefinition(ddoc, this.database.record.partitioned)
    this.#definitions.set(ddoc, definition)
    return definition
  }

  /** Logs a document that an index, a query or a filter has to do without. */
  readonly onSkip: OnSkip = (id, error) =>
    this.#log.warn(
      { database: this.database.name, id, reason: error.message },
      'a document was passed over: it is too deep or too large for a function or a selector',
    )

  #sandboxMapper(definition: IndexDefinition): MapDocuments {
    const views = {
      owner: String(this.database.record.number),
      language: definition.language,
      maps: definition.views.map(({ map }) => map as string),
      lib: definition.lib,
    }
    const collations = definition.views.map(({ collation }) => collation)
    return async (documents: readonly ChangedDocument[], keys: IndexKeys) => {
      const mapped = documents.flatMap(({ content }) => content ?? [])
      const map = (contents: readonly DocumentContent[]): Promise<PackedRows> => {
        if (contents.length === 0) return Promise.resolve(NO_ROWS)
        const ids = contents.map(({ id }) => id)
        const storage = { prefix: keys.rowPrefix, collations, partitioned: definition.partitioned, ids }
        return this.sandbox.map(views, documentTexts(contents), storage, 'background')
      }
      const { used, result: rows } = await skipUnusable(mapped, map, ({ id }, error) =>
        this.onSkip(id, error),
      )
      // The sandbox counts the documents that it was given.
      if (used.length < documents.length) {
        const given = new Set(used)
        const places = [...documents.keys()].filter(index => given.has(documents[index]!.content!))
        for (let position = 0; position < rows.index.length; position += ROW_FIELDS)
          rows.index[position] = places[rows.index[position] as number] as number
      }
      return rows
    }
  }

  /** Takes up changes in the background, so that the next query finds little to do. */
  async #buildAll(): Promise<void> {
    for (const ddoc of this.designs.all()) {
      if (this.#closed || !hasViews(ddoc.value.views ?? null) || ddoc.value.autoupdate === false) continue
      try {
        await this.indexOf(ddoc).update(languageOf(ddoc.value) === 'query' ? 'rows' : 'nodes')
      } catch {
        // Failed builds are reported where they end; the next change or query tries again.
      }
    }
  }
}

function hasViews(views: JsonValue): boolean {
  return typeof views === 'object' && views !== null && Object.keys(views).length > 0
}
