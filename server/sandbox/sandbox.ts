import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { JsonObject, JsonValue } from '../../protocol/json-value.ts'
import { answerText, checkAnswer, outcomeError } from './errors.ts'
import { DEFAULT_LIMITS, DEFAULT_TIMEOUT_MS, type SandboxLimits } from './limits.ts'
import type { PackedRows, RowStorage } from './messages.ts'
import type { Lane } from './admission.ts'
import { SandboxPool, type SandboxCall } from './pool.ts'

const MAX_WORKERS = 4
const DEFAULT_LISTS = 12

/** A design document for the sandbox: its JSON text with `_id`, and an owner that it shares no engine with others. */
export interface SandboxDocument {
  /** The database. Two databases with the same design document have engines of their own. */
  readonly owner: string
  readonly json: string
  /** JavaScript where left out. */
  readonly language?: string
}

/** The map functions of an index. */
export interface SandboxViews {
  readonly owner: string
  /** JavaScript where left out. */
  readonly language?: string
  readonly maps: readonly string[]
  /** The members of `views.lib`, null when it has none. */
  readonly lib: JsonValue
}

/** A function outside of a design document that is run. */
export interface SandboxFunction {
  /** The database, whose functions share no engine with those of others. */
  readonly owner: string
  /** JavaScript where left out. */
  readonly language?: string
  readonly source: string
}

/** Result of a validation function: null if the document may be written. */
export type ValidationResult =
  | null
  | { readonly thrown: JsonValue }
  | { readonly error: readonly ['error', name: string, reason: JsonValue] }

export interface UpdateAnswer {
  readonly document: JsonValue
  readonly response: JsonValue
}

/** Output of a list function since the last exchange. */
export interface ListOutput {
  readonly head: JsonValue
  readonly text: string
  /** True once a chunk was sent: from then on the head does not change. */
  readonly hasBegun: boolean
  /** True if the function waits for rows. */
  readonly wantsRows: boolean
}

/** Last output of a list function, with the error that ended it if there was one. */
export interface ListEnd extends ListOutput {
  readonly error?: readonly ['error', name: string, reason: JsonValue]
}

/** The first rows of a list function, a JSON array. */
export interface FirstRows {
  readonly rows: string
  /** True if these are all rows. */
  readonly isWhole: boolean
}

/**
 * Runs functions of design documents in QuickJS, in worker threads. Documents come as JSON texts, many at a time.
 * Every method throws the CouchError of what the function threw, or of what it used up.
 */
export class Sandbox {
  readonly #pool: SandboxPool
  readonly #lists: SandboxPool

  constructor(options: {
    limits?: SandboxLimits
    /** Returns the longest time of one call of a function, in milliseconds; read for each job. */
    timeoutMs?: () => number
    workers?: number
    /** Threads for list functions that wait for rows, and for who reads what they say. */
    lists?: number
    /** Gets what functions log. */
    onLog?: (key: string, lines: readonly string[]) => void
  }) {
    const common = {
      limits: options.limits ?? DEFAULT_LIMITS,
      timeoutMs: options.timeoutMs ?? (() => DEFAULT_TIMEOUT_MS),
      onLog: options.onLog ?? (() => undefined),
    }
    const workers = options.workers ?? Math.max(2, Math.min(MAX_WORKERS, availableParallelism()))
    this.#pool = new SandboxPool({ ...common, workers })
    this.#lists = new SandboxPool({ ...common, workers: Math.max(1, options.lists ?? DEFAULT_LISTS) })
  }

  /** Compiles a function and throws it away. @throws `compilation_error`, `not_found` for an empty source */
  async compile({ owner, language, source }: SandboxFunction): Promise<void> {
    const setup = { command: 'compile', args: '["(function () {})"]' } as const
    const key = `compile:${owner}`
    const args = JSON.stringify([source, language])
    await this.#text({ owner, key, language, isOnce: true, setup, command: 'compile', args }, 'validation')
  }

  /** Returns for each document whether a filter function passes it. */
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
  async validate(ddoc: SandboxDocument, calls: readonly string[]): Promise<ValidationResult[]> {
    return this.#ask(ddoc, 'validate', `[[${calls.join()}]]`, 'validation')
  }

  async update(ddoc: SandboxDocument, name: string, args: string): Promise<UpdateAnswer> {
    return this.#ask(ddoc, 'update', `[${JSON.stringify(['updates', name])},${args}]`)
  }

  async show(ddoc: SandboxDocument, name: string, args: string): Promise<JsonValue> {
    return this.#ask(ddoc, 'show', `[${JSON.stringify(['shows', name])},${args}]`)
  }

  /**
   * Runs a list function. One that has not all of its rows has a thread to itself until it is done.
   *
   * @param onOutput takes the output and returns the next rows if the function waits for some: a JSON array, or an
   *   empty text at the end
   */
  async list(
    ddoc: SandboxDocument,
    name: string,
    args: string,
    { rows, isWhole }: FirstRows,
    onOutput: (output: ListOutput) => Promise<string>,
  ): Promise<ListEnd> {
    const path = JSON.stringify(['lists', name])
    const job = jobOf(ddoc, 'list', `[${path},${args},${rows},${isWhole}]`)
    const exchange = async (output: string) => {
      checkAnswer(output)
      return onOutput(JSON.parse(output) as ListOutput)
    }
    const outcome = isWhole ? this.#pool.run(job, 'request') : this.#lists.run(job, 'request', exchange)
    return JSON.parse(answerText(await outcome)) as ListEnd
  }

  async rewrite(ddoc: SandboxDocument, args: string): Promise<JsonValue> {
    return this.#ask(ddoc, 'rewrite', `[[${args}]]`)
  }

  /**
   * The rows that map functions emit for documents, as records of the store.
   *
   * @param documents a JSON array
   */
  async map(views: SandboxViews, documents: string, storage: RowStorage, lane: Lane): Promise<PackedRows> {
    const { owner, language } = views
    const args = JSON.stringify([views.lib, views.maps, language])
    const job: SandboxCall = {
      owner,
      language,
      key: `views:${owner}:${digest(args)}`,
      setup: { command: 'setViews', args },
      command: 'map',
      args: documents,
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
    { owner, language, source }: SandboxFunction,
    batches: readonly string[],
    options: { rereduce: boolean; lane: Lane },
  ): Promise<JsonValue[]> {
    const job: SandboxCall = {
      owner,
      language,
      key: `reduce:${owner}:${language ?? ''}:${digest(source)}`,
      setup: { command: 'setViews', args: JSON.stringify([null, [], language]) },
      command: 'reduce',
      args: `[${JSON.stringify(source)},[${batches.join()}],${options.rereduce}]`,
    }
    return JSON.parse(await this.#text(job, options.lane)) as JsonValue[]
  }

  /** Gives functions that run that time to end, then closes the sandbox. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.#pool.stop(graceMs), this.#lists.stop(graceMs)])
  }

  /** Ends the workers. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#lists.close()])
  }

  async #ask<Answer>(
    ddoc: SandboxDocument,
    command: string,
    args: string,
    lane: Lane = 'request',
  ): Promise<Answer> {
    return JSON.parse(await this.#text(jobOf(ddoc, command, args), lane)) as Answer
  }

  async #text(job: SandboxCall, lane: Lane): Promise<string> {
    return answerText(await this.#pool.run(job, lane))
  }
}

function jobOf(ddoc: SandboxDocument, command: string, args: string): SandboxCall {
  const { owner, language, json } = ddoc
  const setup = { command: 'setDesignDocument', args: `[${json}]` } as const
  return { owner, language, key: `ddoc:${owner}:${digest(json)}`, setup, command, args }
}

function digest(text: string): string {
  return createHash('md5').update(text).digest('base64')
}
