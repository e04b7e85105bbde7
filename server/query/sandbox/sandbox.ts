import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { answerText, outcomeError } from './errors.ts'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUT_MS, type SandboxLimits } from './limits.ts'
import type { PackedRows, RowStorage } from './messages.ts'
import { SandboxPool, type Job, type Lane } from './pool.ts'

const MAX_WORKERS = 4

/** A design document for the sandbox: its JSON text with `_id`, and an owner that it shares no engine with others. */
export interface SandboxDocument {
  /** The database. Two databases with the same design document have engines of their own. */
  readonly owner: string
  readonly json: string
}

/** The map functions of an index. */
export interface SandboxViews {
  readonly owner: string
  readonly maps: readonly string[]
  /** The members of `views.lib`, null when it has none. */
  readonly lib: JsonValue
}

/** What a validation function says of a document: null when it may be written. */
export type Verdict =
  | null
  | { readonly thrown: JsonValue }
  | { readonly error: readonly ['error', name: string, reason: JsonValue] }

export interface UpdateAnswer {
  readonly document: JsonValue
  readonly response: JsonObject
}

export interface ListAnswer {
  readonly head: JsonObject
  readonly chunks: readonly string[]
}

/**
 * Runs functions of design documents in QuickJS, in worker threads. Documents come as JSON texts, many at a time.
 * Every method throws the CouchError of what the function threw, or of what it used up.
 */
export class Sandbox {
  readonly #pool: SandboxPool

  constructor(options: {
    limits?: SandboxLimits
    /** How long one call of a function may take; read for each job. */
    timeoutMs?: () => number
    workers?: number
    /** Gets what functions log. */
    onLog?: (key: string, lines: readonly string[]) => void
  }) {
    this.#pool = new SandboxPool({
      limits: options.limits ?? DEFAULT_LIMITS,
      timeoutMs: options.timeoutMs ?? (() => DEFAULT_TIMEOUT_MS),
      workers: options.workers ?? Math.max(2, Math.min(MAX_WORKERS, availableParallelism())),
      onLog: options.onLog ?? (() => undefined),
    })
  }

  /** Compiles a function and throws it away. @throws `compilation_error`, `not_found` for an empty source */
  async compile(source: string): Promise<void> {
    const setup = { command: 'compile', args: '["function () {}"]' } as const
    const key = `compile:${digest(source)}`
    await this.#text({ key, setup, command: 'compile', args: JSON.stringify([source]) }, 'request')
  }

  /** Which documents a filter function passes. */
  async filter(
    ddoc: SandboxDocument,
    name: string,
    documents: readonly string[],
    request: JsonObject,
  ): Promise<boolean[]> {
    const path = JSON.stringify(['filters', name])
    return this.#ask(ddoc, 'filter', `[${path},[${documents.join()}],${JSON.stringify(request)}]`)
  }

  /** For which documents a view's map function emits anything. */
  async emits(ddoc: SandboxDocument, view: string, documents: readonly string[]): Promise<boolean[]> {
    return this.#ask(ddoc, 'emits', `[${JSON.stringify(['views', view])},[${documents.join()}]]`)
  }

  /** @param calls the arguments of each call as one JSON array: `[newDoc, oldDoc, userCtx, secObj]` */
  async validate(ddoc: SandboxDocument, calls: readonly string[]): Promise<Verdict[]> {
    return this.#ask(ddoc, 'validate', `[[${calls.join()}]]`)
  }

  async update(ddoc: SandboxDocument, name: string, args: string): Promise<UpdateAnswer> {
    return this.#ask(ddoc, 'update', `[${JSON.stringify(['updates', name])},${args}]`)
  }

  async show(ddoc: SandboxDocument, name: string, args: string): Promise<JsonObject> {
    return this.#ask(ddoc, 'show', `[${JSON.stringify(['shows', name])},${args}]`)
  }

  /** @param given.rows a JSON array */
  async list(
    ddoc: SandboxDocument,
    name: string,
    args: string,
    { rows, isWhole = true }: { rows: string; isWhole?: boolean },
  ): Promise<ListAnswer> {
    return this.#ask(ddoc, 'list', `[${JSON.stringify(['lists', name])},${args},${rows},${isWhole}]`)
  }

  async rewrite(ddoc: SandboxDocument, args: string): Promise<JsonValue> {
    return this.#ask(ddoc, 'rewrite', `[[${args}]]`)
  }

  /**
   * The rows that map functions emit for documents, as records of the store.
   *
   * @param documents JSON texts
   */
  async map(
    views: SandboxViews,
    documents: readonly string[],
    storage: RowStorage,
    lane: Lane,
  ): Promise<PackedRows> {
    const args = JSON.stringify([views.lib, views.maps])
    const job: Job = {
      key: `views:${views.owner}:${digest(args)}`,
      setup: { command: 'setViews', args },
      command: 'map',
      args: `[${documents.join()}]`,
      storage,
    }
    const outcome = await this.#pool.run(job, lane)
    if (outcome.kind === 'rows') return outcome.rows
    answerText(outcome)
    throw outcomeError(outcome)
  }

  /**
   * Reduces many batches with one function; where it throws, the result is null.
   *
   * @param batches JSON of `[keys, values]` for each; the keys of a rereduce are null
   */
  async reduce(
    owner: string,
    source: string,
    batches: readonly string[],
    options: { rereduce: boolean; lane: Lane },
  ): Promise<JsonValue[]> {
    const job: Job = {
      key: `reduce:${owner}:${digest(source)}`,
      setup: { command: 'setViews', args: '[null,[]]' },
      command: 'reduce',
      args: `[${JSON.stringify(source)},[${batches.join()}],${options.rereduce}]`,
    }
    return JSON.parse(await this.#text(job, options.lane)) as JsonValue[]
  }

  /** Ends the workers. Idempotent. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  async #ask<Answer>(ddoc: SandboxDocument, command: string, args: string): Promise<Answer> {
    const job: Job = {
      key: `ddoc:${ddoc.owner}:${digest(ddoc.json)}`,
      setup: { command: 'setDesignDocument', args: `[${ddoc.json}]` },
      command,
      args,
    }
    return JSON.parse(await this.#text(job, 'request')) as Answer
  }

  async #text(job: Job, lane: Lane): Promise<string> {
    return answerText(await this.#pool.run(job, lane))
  }
}

function digest(text: string): string {
  return createHash('md5').update(text).digest('base64')
}
