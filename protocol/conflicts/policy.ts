import { CouchError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts'
import { parseFieldPath } from '../selector/field-path.ts'
import { compileSelector, type CompiledSelector } from '../selector/selector.ts'

/** Rule by which values of one member are merged that differ between leaves. */
export type FieldRule = 'latest' | 'max' | 'min' | 'union' | 'winner' | 'sum'

export interface MergePolicy {
  readonly kind: 'merge'
  /** Path of the field that says when a leaf was written; undefined where no rule needs it. */
  readonly field: readonly string[] | undefined
  /** Rules by path, its names joined as in a JSON array. */
  readonly rules: ReadonlyMap<string, FieldRule>
  readonly otherwise: FieldRule
  /** The node that applies it, with the bodies of common ancestors; undefined where leaves alone are merged. */
  readonly at: string | undefined
}

/** Way to resolve a conflict. */
export type Resolver =
  | { readonly kind: 'latest'; readonly field: readonly string[] }
  | { readonly kind: 'prefer'; readonly selectors: readonly CompiledSelector[] }
  | MergePolicy
  | { readonly kind: 'majority' }
  | { readonly kind: 'function'; readonly source: string }
  | { readonly kind: 'manual' }

/** A rule of a design document for the conflicts of the documents that its selector matches. */
export interface Policy {
  /** "_design/policy/0": the design document, and the place of the rule in it. */
  readonly name: string
  /** Undefined where it is for all documents. */
  readonly selector: CompiledSelector | undefined
  readonly resolver: Resolver
}

/** Is thrown for a member `conflicts` that is no list of policies. */
export class PolicyError extends Error {}

/**
 * Reads the policies of a design document. One that is not understood as a whole resolves nothing: nodes that understand
 * different parts of it would write different revisions.
 *
 * @param id of the design document
 * @throws {PolicyError} with what is wrong, and where
 */
export function parsePolicies(id: string, conflicts: JsonValue | undefined): readonly Policy[] {
  if (conflicts === undefined) return []
  if (!Array.isArray(conflicts)) throw new PolicyError('`conflicts` must be an array')
  return conflicts.map((rule, index) => {
    try {
      if (!isJsonObject(rule)) throw new PolicyError('a rule must be an object')
      const { selector } = rule
      return {
        name: `${id}/${index}`,
        selector: selector === undefined ? undefined : compileSelector(selector),
        resolver: parseResolver(rule),
      }
    } catch (error) {
      if (!(error instanceof PolicyError || error instanceof CouchError)) throw error
      const reason = error instanceof CouchError ? error.reason : error.message
      throw new PolicyError(`conflicts[${index}]: ${reason}`)
    }
  })
}

/** The members that each kind of policy takes besides `selector` and `policy`. */
const MEMBERS: Readonly<Record<Resolver['kind'], readonly string[]>> = {
  latest: ['field'],
  prefer: ['selectors'],
  merge: ['field', 'fields', 'default', 'three_way', 'at'],
  majority: [],
  function: ['function'],
  manual: [],
}

function parseResolver(rule: JsonObject): Resolver {
  const { policy } = rule
  if (typeof policy !== 'string' || !Object.hasOwn(MEMBERS, policy)) {
    throw new PolicyError(`\`policy\` must be one of ${Object.keys(MEMBERS).join(', ')}`)
  }
  const kind = policy as Resolver['kind']
  for (const name of Object.keys(rule)) {
    if (!['policy', 'selector', ...MEMBERS[kind]].includes(name)) {
      throw new PolicyError(`a policy \`${kind}\` takes no \`${name}\``)
    }
  }
  switch (kind) {
    case 'latest':
      return { kind, field: parseField(rule.field) }
    case 'prefer':
      return { kind, selectors: parseSelectors(rule.selectors) }
    case 'merge':
      return parseMerge(rule)
    case 'function':
      return { kind, source: parseText(rule.function, 'function') }
    case 'majority':
    case 'manual':
      return { kind }
  }
}

function parseField(field: JsonValue | undefined): readonly string[] {
  return parseFieldPath(parseText(field, 'field'))
}

function parseText(value: JsonValue | undefined, name: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new PolicyError(`\`${name}\` must be a text`)
}

function parseSelectors(selectors: JsonValue | undefined): readonly CompiledSelector[] {
  if (!Array.isArray(selectors) || selectors.length === 0)
    throw new PolicyError('`selectors` must be a list of selectors, the preferred one first')
  return selectors.map(compileSelector)
}

function parseMerge(rule: JsonObject): MergePolicy {
  const { fields = {}, field, three_way: threeWay = false, at } = rule
  if (!isJsonObject(fields)) throw new PolicyError('`fields` must be an object of rules by field')
  if (typeof threeWay !== 'boolean') throw new PolicyError('`three_way` must be true or false')
  const rules = new Map(
    Object.entries(fields).map(([name, value]) => [
      pathKey(parseFieldPath(name)),
      parseRule(value, threeWay),
    ]),
  )
  const otherwise = parseRule(rule.default ?? (field === undefined ? 'winner' : 'latest'), threeWay)
  const isTimed = [...rules.values(), otherwise].includes('latest')
  if (isTimed && field === undefined)
    throw new PolicyError('`latest` needs `field`, which says when a leaf was written')
  if (threeWay === (at === undefined))
    throw new PolicyError(
      '`three_way` and `at`, the uuid of the one node that applies the policy, go together',
    )
  return {
    kind: 'merge',
    field: field === undefined ? undefined : parseField(field),
    rules,
    otherwise,
    at: at === undefined ? undefined : parseText(at, 'at'),
  }
}

function parseRule(value: JsonValue, threeWay: boolean): FieldRule {
  const known: readonly FieldRule[] = [
    'latest',
    'max',
    'min',
    'union',
    'winner',
    ...(threeWay ? (['sum'] as const) : []),
  ]
  const rule = known.find(name => name === value)
  if (rule !== undefined) return rule
  if (value === 'sum')
    throw new PolicyError('`sum` needs `three_way`: it adds up differences to the common ancestor')
  throw new PolicyError(`the rule of a field must be one of ${known.join(', ')}`)
}

/** Returns the key of a path in {@link MergePolicy.rules}. */
export function pathKey(path: readonly string[]): string {
  return JSON.stringify(path)
}
