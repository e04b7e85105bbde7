import { fail } from '../../../protocol/errors.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { erlangText } from '../../../protocol/selector/erlang-text.ts'
import { compileSelector, type CompiledSelector } from '../../../protocol/selector/selector.ts'
import {
  readAny,
  readBoolean,
  readCount,
  readOptions,
  readPositive,
  readString,
  splitIndexName,
} from './options.ts'
import { readSort, type Sort } from './sort.ts'

/** A `_find` or `_explain` request. */
export interface FindRequest {
  readonly selector: CompiledSelector
  /** A design document, and one of its indexes: none, one or two names. */
  readonly useIndex: readonly string[]
  /** Undefined for the first page. */
  readonly bookmark: string | undefined
  readonly limit: number
  readonly skip: number
  readonly sort: Sort
  /** Fields to answer; undefined for whole documents. */
  readonly fields: readonly string[] | undefined
  readonly partition: string | undefined
  readonly conflicts: boolean
  readonly update: boolean
  readonly stable: boolean
  readonly executionStats: boolean
  readonly allowFallback: boolean
  /** Copies that have to agree: there is one. */
  readonly r: number
}

const OPTIONS = {
  selector: { read: compileSelector as (value: JsonValue) => CompiledSelector },
  use_index: { initial: [] as readonly string[], read: readUseIndex },
  bookmark: { initial: undefined, read: readBookmark },
  limit: { initial: undefined, read: readCount as (value: JsonValue) => number | undefined },
  skip: { initial: 0, read: readCount },
  sort: { initial: [] as Sort, read: readSort },
  fields: { initial: undefined, read: readFields },
  partition: { initial: '', read: readString },
  r: { initial: 1, read: readPositive },
  conflicts: { initial: false, read: readBoolean },
  stale: { initial: 'false', read: readAny },
  update: { initial: true, read: readBoolean },
  stable: { initial: false, read: readBoolean },
  execution_stats: { initial: false, read: readBoolean },
  allow_fallback: { initial: true, read: readBoolean },
}

/**
 * Reads a request's body.
 *
 * @param context.partition of the path, undefined for the whole database
 * @param context.defaultLimit `[mango] default_limit`
 * @throws Mango's errors, all 400
 */
export function readFindRequest(
  body: JsonObject,
  { partition, defaultLimit }: { partition: string | undefined; defaultLimit: number },
): FindRequest {
  const options = readOptions(body, OPTIONS)
  return {
    selector: options.selector,
    useIndex: options.use_index,
    bookmark: options.bookmark,
    limit: options.limit ?? defaultLimit,
    skip: options.skip,
    sort: options.sort,
    fields: options.fields,
    partition: partition ?? (options.partition === '' ? undefined : options.partition),
    conflicts: options.conflicts,
    update: options.stale === 'ok' || options.stale === true ? false : options.update,
    stable: options.stable,
    executionStats: options.execution_stats,
    allowFallback: options.allow_fallback,
    r: options.r,
  }
}

function readUseIndex(value: JsonValue): readonly string[] {
  if (value === null) return []
  if (typeof value === 'string') return splitIndexName(value)
  if (Array.isArray(value) && value.length <= 2 && value.every(name => typeof name === 'string')) return value
  throw fail('invalidIndexName', erlangText(value))
}

function readBookmark(value: JsonValue): string | undefined {
  if (value === null || value === '') return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function readFields(value: JsonValue): readonly string[] | undefined {
  if (!Array.isArray(value)) throw fail('invalidFields', erlangText(value))
  const fields = value.map(field => {
    if (typeof field !== 'string') throw fail('invalidField', erlangText(field))
    return field
  })
  return fields.length === 0 ? undefined : fields
}
