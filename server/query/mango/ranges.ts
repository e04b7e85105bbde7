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

/** The fields whose comparisons an index can serve: those under `$and` alone. (CouchDB: mango_idx_view) */
export function indexableFields(node: JsonObject): string[] {
  if (Object.keys(node).length === 0) return []
  const [name, operand] = only(node)
  if (name === '$and') return [...new Set((operand as JsonObject[]).flatMap(indexableFields))].sort()
  if (isOperator(name)) return []
  return INDEXABLE.has(only(operand as JsonObject)[0]) ? [name] : []
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

function comparisonsOf(node: JsonObject, field: string): Condition[] {
  if (Object.keys(node).length === 0) return []
  const [name, operand] = only(node)
  if (name === '$and') return (operand as JsonObject[]).flatMap(argument => comparisonsOf(argument, field))
  if (name !== field) return []
  const [operator, value] = only(operand as JsonObject)
  return COMPARISONS.has(operator) ? [[operator, value]] : []
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
