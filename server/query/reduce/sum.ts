import { compareBytes } from '../../../protocol/collation/raw.ts'
import { isNumeric, plus } from './numeric.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'

export const SUM_START = 0

const REASON =
  'The _sum function requires that map values be numbers, arrays of numbers, or objects. Objects cannot be mixed with ' +
  'other data structures. Objects can be arbitrarily nested, provided that the values for all fields are themselves ' +
  'numbers, arrays of numbers, or objects.'

class NotSummable extends Error {
  readonly value: JsonValue

  constructor(value: JsonValue) {
    super('not summable')
    this.value = value
  }
}

/**
 * Adds numbers, arrays by position and objects by member. Where a value is anything else the sum is an object that says
 * so, as CouchDB answers. (CouchDB: couch_query_servers:builtin_sum_rows/2)
 */
export function sum(values: readonly JsonValue[], start: JsonValue): JsonValue {
  let total = start
  for (const value of values) {
    if (isError(value)) return value
    try {
      total = add(value, total)
    } catch (error) {
      if (!(error instanceof NotSummable)) throw error
      return { error: 'builtin_reduce_error', reason: REASON, caused_by: error.value }
    }
  }
  return total
}

function isError(value: JsonValue): boolean {
  return isJsonObject(value) && value.error === 'builtin_reduce_error'
}

function add(value: JsonValue, total: JsonValue): JsonValue {
  if (isNumeric(value)) {
    if (isNumeric(total)) return plus(total, value)
    if (Array.isArray(total)) return addArrays(total, [value])
  }
  if (Array.isArray(value)) {
    if (Array.isArray(total)) return addArrays(total, value)
    if (isNumeric(total)) return addArrays([total], value)
  }
  if (isJsonObject(value)) {
    if (total === SUM_START) return value
    if (isJsonObject(total)) return addObjects(value, total)
  }
  throw new NotSummable(value)
}

function addArrays(a: JsonValue[], b: JsonValue[]): JsonValue[] {
  const length = Math.max(a.length, b.length)
  return Array.from({ length }, (_, i) => {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0]
    if (!isNumeric(x) || !isNumeric(y)) throw new NotSummable(b)
    return plus(x, y)
  })
}

/** Members come out in order of their names. */
function addObjects(a: JsonObject, b: JsonObject): JsonObject {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(compareBytes)
  return Object.fromEntries(
    names.map(name => {
      const [x, y] = [a[name], b[name]]
      return [name, x === undefined ? (y as JsonValue) : y === undefined ? x : add(x, y)]
    }),
  )
}
