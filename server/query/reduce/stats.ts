import { CouchError } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
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
  const field = (name: (typeof FIELDS)[number]) => [a[name], b[name]] as [number, number]
  const plus = (name: 'sum' | 'count' | 'sumsqr') => field(name)[0] + field(name)[1]
  return {
    sum: plus('sum'),
    count: plus('count'),
    min: Math.min(...field('min')),
    max: Math.max(...field('max')),
    sumsqr: plus('sumsqr'),
  }
}

export function showStats(all: JsonValue): JsonValue {
  return all
}

/** The statistics of numbers alone; undefined where a value is anything else. */
export function statsOfNumbers(values: readonly JsonValue[]): JsonObject | undefined {
  let [sum, sumsqr, min, max] = [0, 0, Infinity, -Infinity]
  for (const value of values) {
    if (typeof value !== 'number') return undefined
    sum += value
    sumsqr += value * value
    if (value < min) min = value
    if (value > max) max = value
  }
  return { sum, count: values.length, min, max, sumsqr }
}

/** Puts statistics together that this module made; undefined where there are arrays among them. */
export function mergeStats(parts: readonly JsonValue[]): JsonObject | undefined {
  let [sum, count, min, max, sumsqr] = [0, 0, Infinity, -Infinity, 0]
  for (const part of parts) {
    if (Array.isArray(part)) return undefined
    const stats = part as Record<(typeof FIELDS)[number], number>
    sum += stats.sum
    count += stats.count
    sumsqr += stats.sumsqr
    if (stats.min < min) min = stats.min
    if (stats.max > max) max = stats.max
  }
  return { sum, count, min, max, sumsqr }
}

function toStats(value: JsonValue): JsonObject {
  if (typeof value === 'number')
    return { sum: value, count: 1, min: value, max: value, sumsqr: value * value }
  if (!isJsonObject(value)) throw invalid('invalid_value', notNumeric(value))
  return Object.fromEntries(FIELDS.map(name => [name, numberIn(value, name)]))
}

function numberIn(value: JsonObject, name: string): number {
  const found = value[name]
  if (found === undefined) {
    throw invalid('invalid_value', `user _stats input missing required field ${name} (${erlangText(value)})`)
  }
  if (typeof found !== 'number') {
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
