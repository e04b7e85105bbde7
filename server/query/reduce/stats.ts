import { CouchError } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { asFloat, isFloat, isNumeric, plus, type Numeric } from './numeric.ts'
import { erlangText } from '../../../protocol/selector/erlang-text.ts'

const FIELDS = ['sum', 'count', 'min', 'max', 'sumsqr'] as const

/**
 * Statistics while they are gathered: an object with the five fields, or for arrays of values an array of them.
 * (CouchDB: couch_query_servers:builtin_stats/2)
 *
 * @throws `invalid_value`, 500, where a value is no number, statistics or array of these
 */
export function startStats(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(startStats)
  return toStats(value)
}

export function addStats(value: JsonValue, all: JsonValue): JsonValue {
  if (Array.isArray(value) && Array.isArray(all)) {
    if (value.length !== all.length) throw invalid('function_clause', 'arrays of different lengths')
    return value.map((item, i) => addStats(item, all[i] as JsonValue))
  }
  if (Array.isArray(all)) throw invalid('invalid_value', notNumeric(value))
  const [a, b] = [toStats(value), all as JsonObject]
  const sumOf = (name: 'sum' | 'count' | 'sumsqr') => plus(a[name] as Numeric, b[name] as Numeric)
  const both = (name: 'min' | 'max') => [a[name], b[name]] as [number, number]
  return {
    sum: sumOf('sum'),
    count: sumOf('count'),
    min: Math.min(...both('min')),
    max: Math.max(...both('max')),
    sumsqr: sumOf('sumsqr'),
  }
}

/** The statistics of numbers alone; undefined where a value is anything else. */
export function statsOfNumbers(values: readonly JsonValue[]): JsonObject | undefined {
  let [sum, sumsqr, min, max] = [0, 0, Infinity, -Infinity]
  let hasFloat = false
  for (const value of values) {
    if (typeof value !== 'number') return undefined
    hasFloat ||= isFloat(value)
    sum += value
    sumsqr += value * value
    if (value < min) min = value
    if (value > max) max = value
  }
  return {
    sum: asFloat(sum, hasFloat),
    count: values.length,
    min,
    max,
    sumsqr: asFloat(sumsqr, hasFloat),
  }
}

/** Puts statistics together that this module made; undefined where there are arrays among them. */
export function mergeStats(parts: readonly JsonValue[]): JsonObject | undefined {
  let [sum, count, min, max, sumsqr] = [0 as Numeric, 0, Infinity, -Infinity, 0 as Numeric]
  for (const part of parts) {
    if (Array.isArray(part)) return undefined
    const stats = part as Record<'count' | 'min' | 'max', number> & Record<'sum' | 'sumsqr', Numeric>
    sum = plus(sum, stats.sum)
    count += stats.count
    sumsqr = plus(sumsqr, stats.sumsqr)
    if (stats.min < min) min = stats.min
    if (stats.max > max) max = stats.max
  }
  return { sum, count, min, max, sumsqr }
}

function toStats(value: JsonValue): JsonObject {
  if (typeof value === 'number')
    return { sum: value, count: 1, min: value, max: value, sumsqr: asFloat(value * value, isFloat(value)) }
  if (!isJsonObject(value)) throw invalid('invalid_value', notNumeric(value))
  return Object.fromEntries(FIELDS.map(name => [name, numberIn(value, name)]))
}

function numberIn(value: JsonObject, name: string): Numeric {
  const found = value[name]
  if (found === undefined) {
    throw invalid('invalid_value', `user _stats input missing required field ${name} (${erlangText(value)})`)
  }
  if (!isNumeric(found)) {
    throw invalid('invalid_value', `non-numeric _stats input received for ${name}: ${erlangText(found)}`)
  }
  return found
}

function notNumeric(value: JsonValue): string {
  return `non-numeric _stats input: ${erlangText(value)}`
}

function invalid(error: string, reason: string): CouchError {
  return new CouchError(500, error, reason)
}
