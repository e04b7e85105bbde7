import { compareJson } from '../collation/compare.ts'
import { compareRaw } from '../collation/raw.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts'
import { beginsWith } from './begins-with.ts'
import { FieldPaths, lookUp } from './field-path.ts'
import { containsAll, ValueList } from './in-list.ts'
import { isOperator, only } from './node.ts'
import type { PatternMatches } from './pattern-matches.ts'
import { sameTerm, typeName } from './terms.ts'

type Predicate = (value: JsonValue) => boolean
type Compare = (a: JsonValue, b: JsonValue) => number

/** Context in which the conditions of a selector are compiled. */
interface Context {
  readonly compare: Compare
  readonly patterns: PatternMatches
  readonly paths: FieldPaths
}

/**
 * Compiles a node of a normalized selector into a function over a value. (CouchDB: mango_selector:match/3)
 * Values are compared in the order of view keys, but for `_id`, which is compared by bytes.
 */
export function compileSelectorNode(node: JsonObject, patterns: PatternMatches): Predicate {
  return compileCondition(node, { compare: compareJson, patterns, paths: new FieldPaths() })
}

function compileCondition(node: JsonObject, context: Context): Predicate {
  const [name, operand] = only(node)
  if (!isOperator(name)) return compileField(name, operand as JsonObject, context)
  const make = OPERATORS[name]
  return make === undefined ? () => false : make(operand, context)
}

function compileField(name: string, condition: JsonObject, context: Context): Predicate {
  if (name === '') return compileCondition(condition, context)
  const path = context.paths.of(name)
  const matches = compileCondition(condition, name === '_id' ? { ...context, compare: compareRaw } : context)
  const matchesMissing = condition.$exists === false
  const [first] = path
  if (path.length === 1 && first !== undefined) return memberPredicate(first, matches, matchesMissing)
  return value => {
    const found = lookUp(value, path)
    return 'value' in found ? matches(found.value) : matchesMissing && found.absent === 'missing'
  }
}

/** The common case, a member of the document itself, without a look-up record per document. */
function memberPredicate(name: string, matches: Predicate, matchesMissing: boolean): Predicate {
  return value => {
    if (!isJsonObject(value)) return memberOfOther(value, name, matches)
    return Object.hasOwn(value, name) ? matches(value[name] as JsonValue) : matchesMissing
  }
}

function memberOfOther(value: JsonValue, name: string, matches: Predicate): boolean {
  const found = lookUp(value, [name])
  return 'value' in found && matches(found.value)
}

const comparison =
  (holds: (order: number) => boolean) =>
  (operand: JsonValue, { compare }: Context): Predicate =>
  value =>
    holds(compare(value, operand))

const OPERATORS: Readonly<Record<string, (operand: JsonValue, context: Context) => Predicate>> = {
  $and: (operand, context) => {
    const all = compileAll(operand, context)
    return value => all.every(matches => matches(value))
  },
  $or: (operand, context) => {
    const any = compileAll(operand, context)
    return any.length === 0 ? () => true : value => any.some(matches => matches(value))
  },
  $not: (operand, context) => {
    const matches = compileCondition(operand as JsonObject, context)
    return value => !matches(value)
  },
  $lt: comparison(order => order < 0),
  $lte: comparison(order => order <= 0),
  $eq: comparison(order => order === 0),
  $ne: comparison(order => order !== 0),
  $gte: comparison(order => order >= 0),
  $gt: comparison(order => order > 0),
  $in: (operand, context) => isIn(operand as JsonValue[], context),
  $nin: (operand, context) => {
    const matches = isIn(operand as JsonValue[], context)
    return value => !matches(value)
  },
  $exists: operand => () => operand === true,
  $type: operand => value => typeName(value) === operand,
  $mod: operand => {
    const [divisor, remainder] = operand as [number, number]
    return value => typeof value === 'number' && Number.isInteger(value) && value % divisor === remainder
  },
  $beginsWith: operand => value => typeof value === 'string' && beginsWith(value, operand as string),
  $regex: (operand, { patterns }) => {
    const matches = patterns.predicate(operand as string)
    return value => typeof value === 'string' && matches(value)
  },
  $size: operand => value => Array.isArray(value) && value.length === operand,
  $all: operand => hasAll(operand as JsonValue[]),
  $elemMatch: (operand, context) => {
    const [some, matches] = [context.patterns.loop(), counted(operand as JsonObject, context)]
    return value => Array.isArray(value) && some(value, value, matches)
  },
  $allMatch: (operand, context) => {
    const [some, matches] = [context.patterns.loop(), counted(operand as JsonObject, context)]
    return value =>
      Array.isArray(value) && value.length > 0 && !some(value, value, element => !matches(element))
  },
  $keyMapMatch: (operand, context) => {
    const [some, matches] = [context.patterns.loop(), counted(operand as JsonObject, context)]
    return value => isJsonObject(value) && some(value, Object.keys(value), matches)
  },
  $default: () => () => true,
}

function compileAll(operand: JsonValue, context: Context): Predicate[] {
  return (operand as JsonObject[]).map(argument => compileCondition(argument, context))
}

/** Compiles a condition of which each use counts as many steps as it has conditions. */
function counted(condition: JsonObject, context: Context): Predicate {
  const { patterns } = context
  const steps = conditionsOf(condition)
  const matches = compileCondition(condition, context)
  return value => {
    const isMatch = matches(value)
    // Behind it: a condition that was interrupted goes on with a whole turn.
    patterns.spend(steps)
    return isMatch
  }
}

function conditionsOf(node: JsonObject): number {
  const [name, operand] = only(node)
  if (Array.isArray(operand) && LISTS.has(name))
    return operand.reduce<number>((sum, argument) => sum + conditionsOf(argument as JsonObject), 1)
  return isOperator(name) && name !== '$not' ? 1 : conditionsOf(operand as JsonObject)
}

const LISTS = new Set(['$and', '$or'])

/** An array is in the list when one of its elements is; the array itself is not looked for. */
function isIn(values: readonly JsonValue[], { compare, patterns }: Context): Predicate {
  const list = compare === compareJson ? new ValueList(values) : undefined
  const some = patterns.loop()
  const listed: Predicate = value => {
    if (list === undefined) return values.some(candidate => compare(value, candidate) === 0)
    patterns.spend(list.stepsFor(value))
    return list.has(value)
  }
  return value => (Array.isArray(value) ? some(value, value, listed) : listed(value))
}

function hasAll(wanted: readonly JsonValue[]): Predicate {
  if (wanted.length === 0) return () => false
  const whole = wanted.length === 1 && Array.isArray(wanted[0]) ? wanted[0] : undefined
  const containsThem = containsAll(wanted)
  return value => {
    if (!Array.isArray(value)) return false
    return (whole !== undefined && sameTerm(whole, value)) || containsThem(value)
  }
}
