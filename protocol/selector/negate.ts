import { fail } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json-value.ts'
import { erlangText } from './erlang-text.ts'
import { isOperator, only, single } from './node.ts'

const OPPOSITE: Readonly<Record<string, string>> = {
  $lt: '$gte',
  $lte: '$gt',
  $eq: '$ne',
  $ne: '$eq',
  $gte: '$lt',
  $gt: '$lte',
  $in: '$nin',
  $nin: '$in',
}

const each = (nodes: JsonValue, change: (node: JsonObject) => JsonObject): JsonObject[] =>
  (nodes as JsonObject[]).map(change)

/**
 * Moves negations down to the conditions, by De Morgan's laws, so that an index can serve what is under a `$not`. It
 * also is why `$not` of a comparison asks for the field to exist. (CouchDB: mango_selector:norm_negations/1)
 */
export function pushDownNegations(node: JsonObject): JsonObject {
  const [name, operand] = only(node)
  if (name === '$not') return negate(operand as JsonObject)
  if (name === '$nor') return single('$and', each(operand, negate))
  return name === '$and' || name === '$or' ? single(name, each(operand, pushDownNegations)) : node
}

function negate(node: JsonObject): JsonObject {
  const [name, operand] = only(node)
  if (name === '$not') return pushDownNegations(operand as JsonObject)
  if (name === '$nor') return single('$or', each(operand, pushDownNegations))
  if (name === '$and') return single('$or', each(operand, negate))
  if (name === '$or') return single('$and', each(operand, negate))
  if (name === '$default') throw fail('badOperand', `$not: ${erlangText(node)}`)
  if (name === '$exists') return single(name, operand !== true)
  const opposite = OPPOSITE[name]
  if (opposite !== undefined) return single(opposite, operand)
  return isOperator(name) ? single('$not', node) : single(name, negate(operand as JsonObject))
}
