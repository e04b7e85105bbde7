import { fail } from '../errors.ts'
import { isJsonObject, type JsonValue } from '../json-value.ts'
import { erlangText } from './erlang-text.ts'
import { isPattern } from './pcre/pcre.ts'

type Check = (operand: JsonValue) => boolean

const isString: Check = operand => typeof operand === 'string'
const isInteger: Check = operand => Number.isInteger(operand)
const isPairOfIntegers: Check = operand =>
  Array.isArray(operand) && operand.length === 2 && operand.every(isInteger)
const isText: Check = operand => ['string', 'number', 'boolean'].includes(typeof operand)

const OPERANDS: Readonly<Record<string, Check>> = {
  $and: Array.isArray,
  $or: Array.isArray,
  $nor: Array.isArray,
  $not: isJsonObject,
  $in: Array.isArray,
  $nin: Array.isArray,
  $all: Array.isArray,
  $elemMatch: isJsonObject,
  $allMatch: isJsonObject,
  $keyMapMatch: isJsonObject,
  $exists: operand => typeof operand === 'boolean',
  $type: isString,
  $mod: isPairOfIntegers,
  $size: operand => isInteger(operand) && (operand as number) >= 0,
  $text: isText,
  $lt: () => true,
  $lte: () => true,
  $eq: () => true,
  $ne: () => true,
  $gte: () => true,
  $gt: () => true,
  $default: () => true,
  $regex: operand => isString(operand) && isPattern(operand as string),
  $beginsWith: isString,
}

const UNSUPPORTED = new Set(['$where', '$geoWithin', '$geoIntersects', '$near', '$nearSphere'])

/** To CouchDB these are other operators, unknown ones, when their operand is not a string. */
const KNOWN_WITH_STRINGS_ONLY = new Set(['$regex', '$beginsWith'])

/**
 * Checks the operand of an operator. (CouchDB: mango_selector:norm_ops/1)
 *
 * @throws `bad_arg`, `invalid_operator`, `not_supported`
 */
export function checkOperand(name: string, operand: JsonValue): void {
  if (UNSUPPORTED.has(name)) throw fail('unsupportedOperator', name)
  const check = Object.hasOwn(OPERANDS, name) ? OPERANDS[name] : undefined
  if (check === undefined) throw fail('invalidOperator', name)
  if (check(operand)) return
  if (KNOWN_WITH_STRINGS_ONLY.has(name) && !isString(operand)) throw fail('invalidOperator', name)
  throw fail('badOperand', `${name}: ${erlangText(operand)}`)
}
