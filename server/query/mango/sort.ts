import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { erlangPretty } from '../../../protocol/selector/erlang-pretty.ts'

export type Direction = 'asc' | 'desc'

/** Fields with their directions, in order. */
export type Sort = readonly (readonly [field: string, direction: Direction])[]

/**
 * Reads the sort of a query or the fields of an index. (CouchDB: mango_sort:new/1)
 *
 * @throws `invalid_sort_json`, `invalid_sort_field`, `unsupported_mixed_sort`
 */
export function readSort(value: JsonValue): Sort {
  if (!Array.isArray(value)) throw fail('invalidSort', erlangPretty(value))
  const sort = value.map(readField)
  if (new Set(sort.map(([, direction]) => direction)).size > 1) throw fail('mixedSort')
  return sort
}

function readField(value: JsonValue): readonly [string, Direction] {
  if (typeof value === 'string' && value !== '') return [value, 'asc']
  const entries = isJsonObject(value) ? Object.entries(value) : []
  const [entry] = entries
  if (entries.length === 1 && entry !== undefined && (entry[1] === 'asc' || entry[1] === 'desc')) {
    return [entry[0], entry[1]]
  }
  throw fail('invalidSortField', erlangPretty(value))
}

export function sortToJson(sort: Sort): JsonObject[] {
  return sort.map(([field, direction]) => ({ [field]: direction }))
}

export function isDescending(sort: Sort): boolean {
  return sort[0]?.[1] === 'desc'
}
