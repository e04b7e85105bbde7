import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { rowParts } from '../../../protocol/view-row.ts'
import type { Lane } from '../../sandbox/admission.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { mapInTurns } from '../../concurrency/time-slice.ts'
import { builtinReduce, type BuiltinReduce } from './builtin.ts'

/** A row of an answer's value: what the reduction gave, as JSON, or why it gave nothing. */
export type Reduced = { readonly json: string } | { readonly error: string; readonly reason: string }

/** Reduces rows of a view, many batches at a time; what it gives is JSON that can be stored and reduced again. */
export interface Reducer {
  reduce(batches: readonly (readonly Uint8Array[])[], lane: Lane): Promise<JsonValue[]>
  rereduce(batches: readonly (readonly JsonValue[])[], lane: Lane): Promise<JsonValue[]>
  finish(part: JsonValue): Reduced
}

/** Sandbox and settings for reductions in JavaScript. */
export interface ReduceContext {
  readonly sandbox: Sandbox
  /** The database, whose functions share no engine with those of others. */
  readonly owner: string
  readonly language: string
  /** Called for a reduction that does not shrink; returns whether that is an error. (CouchDB: `reduce_limit`) */
  readonly refuses: (reason: string) => boolean
}

export function reducerOf(source: string, context: ReduceContext): Reducer {
  const builtin = builtinReduce(source)
  return builtin === undefined ? new JavaScriptReducer(source, context) : new NativeReducer(builtin)
}

class NativeReducer implements Reducer {
  readonly #builtin: BuiltinReduce

  constructor(builtin: BuiltinReduce) {
    this.#builtin = builtin
  }

  reduce(batches: readonly (readonly Uint8Array[])[]): Promise<JsonValue[]> {
    return mapInTurns(batches, rows => this.#builtin.reduce(rows))
  }

  rereduce(batches: readonly (readonly JsonValue[])[]): Promise<JsonValue[]> {
    return mapInTurns(batches, parts => this.#builtin.rereduce(parts))
  }

  finish(part: JsonValue): Reduced {
    return { json: this.#builtin.finish(part) }
  }
}

/** A reduction larger than this must be less than half of what went in. (CouchDB: `reduce_limit`) */
const OVERFLOW_BYTES = 4096

/** Parts are `{"value": …}`, or `{"overflow": reason}` for reductions that do not reduce. */
class JavaScriptReducer implements Reducer {
  readonly #source: string
  readonly #context: ReduceContext

  constructor(source: string, context: ReduceContext) {
    this.#source = source
    this.#context = context
  }

  reduce(batches: readonly (readonly Uint8Array[])[], lane: Lane): Promise<JsonValue[]> {
    const texts = batches.map(rows => {
      const parts = rows.map(rowParts)
      const keys = parts.map(({ key, id }) => `[${key},${id}]`).join()
      return `[[${keys}],[${parts.map(({ value }) => value).join()}]]`
    })
    return this.#run(texts, { rereduce: false, lane })
  }

  async rereduce(batches: readonly (readonly JsonValue[])[], lane: Lane): Promise<JsonValue[]> {
    const results: (JsonValue | undefined)[] = batches.map(parts =>
      parts.find(part => (part as JsonObject).overflow !== undefined),
    )
    const open = batches.flatMap((parts, index) =>
      results[index] === undefined ? [{ at: index, parts }] : [],
    )
    const texts = open.map(({ parts }) =>
      JSON.stringify([null, parts.map(part => (part as JsonObject).value ?? null)]),
    )
    const reduced = await this.#run(texts, { rereduce: true, lane })
    for (const [index, { at }] of open.entries()) results[at] = reduced[index] ?? null
    return results as JsonValue[]
  }

  finish(part: JsonValue): Reduced {
    const { value, overflow } = part as JsonObject
    if (typeof overflow === 'string') return { error: 'reduce_overflow_error', reason: overflow }
    return { json: JSON.stringify(value ?? null) }
  }

  async #run(texts: readonly string[], options: { rereduce: boolean; lane: Lane }): Promise<JsonValue[]> {
    if (texts.length === 0) return []
    const { sandbox, owner, language, refuses } = this.#context
    const values = await sandbox.reduce({ owner, language, source: this.#source }, texts, options)
    return values.map((value, index) => {
      const reason = overflowOf(value, (texts[index] ?? '').length)
      return reason !== undefined && refuses(reason) ? { overflow: reason } : { value }
    })
  }
}

function overflowOf(value: JsonValue, inputSize: number): string | undefined {
  const outputSize = JSON.stringify(value).length
  if (outputSize <= OVERFLOW_BYTES || outputSize * 2 <= inputSize) return undefined
  return `Reduce output must shrink more rapidly: input size: ${inputSize} output size: ${outputSize}`
}
