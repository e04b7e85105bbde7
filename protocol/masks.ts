import { createHmac } from 'node:crypto'
import { CouchError } from './errors.ts'
import { isJsonObject, type JsonObject } from './json-value.ts'
import { badReplication } from './replication-error.ts'
import { parseFieldPath } from './selector/field-path.ts'
import { compileSelector, type CompiledSelector } from './selector/selector.ts'
import {
  ExactNumber,
  type ExactObject,
  type ExactValue,
  isExactObject,
  printExact,
} from './streams/exact-json.ts'

/** Changes of a value that hide it. */
export type MaskAction =
  | { readonly kind: 'remove' }
  | { readonly kind: 'redact' }
  /** A keyed hash: equal values stay equal. `secret` is the name of the key. */
  | { readonly kind: 'hash'; readonly secret: string }
  | { readonly kind: 'keep_last'; readonly characters: number }

/** A rule of a job's `mask`. */
export interface MaskRule {
  /** The documents that it is for; undefined: all. */
  readonly selector: CompiledSelector | undefined
  /** Path of the field; in arrays it goes on in each element. */
  readonly path: readonly string[]
  readonly action: MaskAction
}

/** A text in the place of a value that is hidden. */
export const REDACTED = '***'

const ACTIONS = ['remove', 'redact', 'hash', 'keep_last'] as const
const MAX_RULES = 1000

/**
 * Parses the `mask` of a job: `[{"selector": {"type": "customer"}, "field": "card.number", "keep_last": 4}]`.
 *
 * @throws ReplicationSyntaxError for a rule that could leave something clear that it is meant to hide
 */
export function parseMask(value: unknown): readonly MaskRule[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_RULES)
    throw badReplication(`\`mask\` must be an array of 1 to ${MAX_RULES} rules`)
  return value.map((rule: unknown, index) => {
    const place = `rule ${index + 1} of \`mask\``
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule))
      throw badReplication(`${place} must be an object`)
    return parseRule(rule as Readonly<Record<string, unknown>>, place)
  })
}

function parseRule(rule: Readonly<Record<string, unknown>>, place: string): MaskRule {
  const { field, selector, ...actions } = rule
  const names = Object.keys(actions)
  const name = ACTIONS.find(action => action === names[0])
  if (names.length !== 1 || name === undefined)
    throw badReplication(`${place} must have one of ${ACTIONS.join(', ')}, and nothing else`)
  if (typeof field !== 'string' || field === '' || field.startsWith('_'))
    throw badReplication(`the \`field\` of ${place} must be the name of a member without "_" in front`)
  try {
    return {
      selector: selector === undefined ? undefined : compileSelector(selector),
      path: parseFieldPath(field),
      action: parseAction(name, actions[name], place),
    }
  } catch (error) {
    throw error instanceof CouchError ? badReplication(`${place}: ${error.reason}`) : error
  }
}

function parseAction(kind: (typeof ACTIONS)[number], value: unknown, place: string): MaskAction {
  switch (kind) {
    case 'remove':
    case 'redact':
      if (value === true) return { kind }
      throw badReplication(`\`${kind}\` of ${place} must be true`)
    case 'hash':
      if (typeof value === 'string' && /^[\w-]{1,64}$/.test(value)) return { kind, secret: value }
      throw badReplication(`\`hash\` of ${place} must be the name of a secret`)
    case 'keep_last':
      if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 64)
        return { kind, characters: Number(value) }
      throw badReplication(`\`keep_last\` of ${place} must be a number of characters up to 64`)
  }
}

/** Returns a text that differs for rules which hide other things, or in another way. */
export function maskIdentity(rules: readonly MaskRule[]): string {
  return JSON.stringify(
    rules.map(({ selector, path, action }) => [selector?.normalized ?? null, path, action]),
  )
}

/** Hides values of documents by the rules of a job. */
export class Mask {
  /** Documents of which a rule has hidden something, for each rule. */
  readonly counts: number[]
  readonly #rules: readonly MaskRule[]
  readonly #keys: ReadonlyMap<string, string>

  /**
   * @param secretOf returns a secret by its name
   * @throws what `secretOf` throws for one that it does not know
   */
  constructor(rules: readonly MaskRule[], secretOf: (name: string) => string) {
    this.#rules = rules
    this.counts = rules.map(() => 0)
    const names = rules.flatMap(({ action }) => (action.kind === 'hash' ? [action.secret] : []))
    this.#keys = new Map(names.map(name => [name, secretOf(name)]))
  }

  /** Returns a document with its values hidden; the given one stays as it is. Selectors see it as it was. */
  apply(document: ExactObject): ExactObject {
    let masked = document
    let json: JsonObject | undefined
    for (const [index, { selector, path, action }] of this.#rules.entries()) {
      if (selector !== undefined && !isSelected(selector, (json ??= asJson(document)))) continue
      const next = this.#hide(masked, path, action)
      if (next !== masked) this.counts[index]! += 1
      masked = next
    }
    return masked
  }

  #hide(document: ExactObject, path: readonly string[], action: MaskAction): ExactObject {
    return this.#within(document, path, action) as ExactObject
  }

  /** Returns the same value where nothing is hidden. */
  #within(value: ExactValue, path: readonly string[], action: MaskAction): ExactValue {
    if (Array.isArray(value)) {
      const items = value.map(item => this.#within(item, path, action))
      return items.some((item, index) => item !== value[index]) ? items : value
    }
    const [name, ...rest] = path
    if (!isExactObject(value) || name === undefined || !value.has(name)) return value
    const member = value.get(name)!
    if (rest.length > 0) {
      const inner = this.#within(member, rest, action)
      return inner === member ? value : new Map([...value, [name, inner]])
    }
    if (action.kind !== 'remove') return new Map([...value, [name, this.#hidden(member, action)]])
    return new Map([...value].filter(([other]) => other !== name))
  }

  #hidden(value: ExactValue, action: Exclude<MaskAction, { kind: 'remove' }>): ExactValue {
    switch (action.kind) {
      case 'redact':
        return REDACTED
      case 'hash':
        return createHmac('sha256', this.#keys.get(action.secret)!).update(printExact(value)).digest('hex')
      case 'keep_last':
        return endOf(value, action.characters)
    }
  }
}

/** The end of a text or number; a value that is no longer than its end shows nothing. */
function endOf(value: ExactValue, characters: number): string {
  const text = value instanceof ExactNumber ? value.text : value
  if (typeof text !== 'string') return REDACTED
  const all = Array.from(text)
  return all.length <= characters ? REDACTED : REDACTED + all.slice(all.length - characters).join('')
}

function isSelected(selector: CompiledSelector, document: JsonObject): boolean {
  // A pattern that takes too long must not leave a value clear.
  return selector.matches(document) !== false
}

function asJson(document: ExactObject): JsonObject {
  const value: unknown = JSON.parse(printExact(document))
  return isJsonObject(value) ? value : {}
}
