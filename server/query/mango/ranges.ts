import { compareJson } from '../../../protocol/collation/compare.ts'
import { compareRaw } from '../../../protocol/collation/raw.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { isOperator, only } from '../../../protocol/selector/node.ts'

/** One end of a range; undefined is the very end. */
export type Bound = { readonly value: JsonValue; readonly inclusive: boolean } | undefined

/** The values of a field that a selector allows, as far as an index can tell; "empty" if there are none. */
export type FieldRange = { readonly low: Bound; readonly high: Bound } | 'empty'

const ALL: FieldRange = { low: undefined, high: undefined }
const COMPARISONS = new Set(['$lt', '$lte', '$eq', '$gte', '$gt', '$beginsWith'])

/** `$exists` narrows nothing, but an index that has the field is the better for it: it may cover the query. */
const INDEXABLE = new Set([...COMPARISONS, '$exists'])

/** Behind every string that begins alike: no character comes later in the collation. */
const LAST_CHARACTER = '\uffff'

/** Fields of selectors that were asked for: each index of a database asks. */
const known = new WeakMap<JsonObject, readonly string[]>()

/** The fields whose comparisons an index can serve: those under `$and` alone, sorted. (CouchDB: mango_idx_view) */
export function indexableFields(selector: JsonObject): readonly string[] {
  const before = known.get(selector)
  if (before !== undefined) return before
  const fields = new Set<string>()
  for (const [name, condition] of conjuncts(selector))
    if (!isOperator(name) && INDEXABLE.has(only(condition as JsonObject)[0])) fields.add(name)
  const sorted = [...fields].sort()
  known.set(selector, sorted)
  return sorted
}

/** The parts of a selector that all have to hold, however its `$and`s are nested. */
function conjuncts(selector: JsonObject): (readonly [name: string, operand: JsonValue])[] {
  const parts: (readonly [string, JsonValue])[] = []
  const collect = (node: JsonObject): void => {
    if (Object.keys(node).length === 0) return
    const [name, operand] = only(node)
    if (name === '$and') for (const argument of operand as JsonObject[]) collect(argument)
    else parts.push([name, operand])
  }
  collect(selector)
  return parts
}

/** The range of a field: all comparisons of it that hold together. */
export function rangeOf(selector: JsonObject, field: string): FieldRange {
  const order = field === '_id' ? compareRaw : compareJson
  return comparisonsOf(selector, field).reduce<FieldRange>(
    (range, condition) => narrow(range, condition, order),
    ALL,
  )
}

type Condition = readonly [operator: string, value: JsonValue]

function comparisonsOf(selector: JsonObject, field: string): Condition[] {
  return conjuncts(selector)
    .filter(([name]) => name === field)
    .map(([, condition]) => only(condition as JsonObject))
    .filter(([operator]) => COMPARISONS.has(operator))
}

function narrow(range: FieldRange, [operator, value]: Condition, order: typeof compareJson): FieldRange {
  if (range === 'empty') return range
  if (operator === '$beginsWith' && typeof value === 'string') {
    return narrow(narrow(range, ['$gte', value], order), ['$lte', value + LAST_CHARACTER], order)
  }
  const bound = { value, inclusive: operator !== '$lt' && operator !== '$gt' }
  const low = operator.startsWith('$g') || operator === '$eq' ? higher(range.low, bound, order) : range.low
  const high = operator.startsWith('$l') || operator === '$eq' ? lower(range.high, bound, order) : range.high
  if (low === undefined || high === undefined) return { low, high }
  const direction = order(low.value, high.value)
  const isEmpty = direction > 0 || (direction === 0 && !(low.inclusive && high.inclusive))
  return isEmpty ? 'empty' : { low, high }
}

function higher(a: Bound, b: NonNullable<Bound>, order: typeof compareJson): Bound {
  if (a === undefined) return b
  const direction = order(a.value, b.value)
  return direction > 0 || (direction === 0 && !a.inclusive) ? a : b
}

function lower(a: Bound, b: NonNullable<Bound>, order: typeof compareJson): Bound {
  if (a === undefined) return b
  const direction = order(a.value, b.value)
  return direction < 0 || (direction === 0 && !a.inclusive) ? a : b
}
