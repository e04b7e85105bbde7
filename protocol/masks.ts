import { createHmac } from 'node:crypto'
import { isJsonObject, type JsonObject } from './json-value.ts'
import type { CompiledSelector } from './selector/selector.ts'
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
  /** Removes attachments whose names match a pattern, in which "*" is any text. */
  | { readonly kind: 'remove_attachments'; readonly pattern: string }

/** A rule of a job's `mask`. */
export interface MaskRule {
  /** The documents that it is for; undefined: all. */
  readonly selector: CompiledSelector | undefined
  /** Path of the field; in arrays it goes on in each element. */
  readonly path: readonly string[]
  readonly action: MaskAction
}

type FieldAction = Exclude<MaskAction, { kind: 'remove_attachments' }>

/** Sent by the jobs of masked followers to their source: only they may read a masked copy with its revisions. */
export const MASKED_HEADER = 'couchette-masked'

/** A text in the place of a value that is hidden. */
export const REDACTED = '***'

/** Returns a text that differs for rules which hide other things, or in another way. */
export function maskIdentity(rules: readonly MaskRule[]): string {
  return JSON.stringify(
    rules.map(({ selector, path, action }) => [selector?.normalized ?? null, path, action]),
  )
}

/** Returns what a rule hides and how, for listings. */
export function describeRule({ selector, path, action }: MaskRule): object {
  const hidden =
    action.kind === 'remove_attachments' ? { attachments: action.pattern } : { field: path.join('.') }
  const how = action.kind === 'remove_attachments' ? 'remove' : action.kind
  return { ...(selector === undefined ? {} : { selector: selector.normalized }), ...hidden, action: how }
}

/** Hides values of documents by the rules of a job. */
export class Mask {
  readonly #rules: readonly MaskRule[]
  readonly #counts: number[]
  readonly #keys: ReadonlyMap<string, string>

  /**
   * @param secretOf returns a secret by its name
   * @param counts are added to, one for each rule
   * @throws what `secretOf` throws for one that it does not know
   */
  constructor(
    rules: readonly MaskRule[],
    secretOf: (name: string) => string,
    counts: number[] = rules.map(() => 0),
  ) {
    this.#rules = rules
    this.#counts = counts
    const names = rules.flatMap(({ action }) => (action.kind === 'hash' ? [action.secret] : []))
    this.#keys = new Map(names.map(name => [name, secretOf(name)]))
  }

  /** Documents of which a rule has hidden something, for each rule. */
  get counts(): readonly number[] {
    return this.#counts
  }

  /** Returns a document with its values hidden; the given one stays as it is. Selectors see it as it was. */
  apply(document: ExactObject): ExactObject {
    let masked = document
    let json: JsonObject | undefined
    for (const [index, { selector, path, action }] of this.#rules.entries()) {
      if (selector !== undefined && !isSelected(selector, (json ??= asJson(document)))) continue
      const next = this.#hide(masked, path, action)
      if (next !== masked) this.#counts[index]! += 1
      masked = next
    }
    return masked
  }

  #hide(document: ExactObject, path: readonly string[], action: MaskAction): ExactObject {
    if (action.kind === 'remove_attachments') return this.#withoutAttachments(document, action.pattern)
    return this.#within(document, path, action) as ExactObject
  }

  #withoutAttachments(document: ExactObject, pattern: string): ExactObject {
    const attachments = document.get('_attachments')
    if (!isExactObject(attachments)) return document
    const kept = [...attachments].filter(([name]) => !matchesPattern(pattern, name))
    if (kept.length === attachments.size) return document
    if (kept.length > 0) return new Map([...document, ['_attachments', new Map(kept)]])
    return new Map([...document].filter(([name]) => name !== '_attachments'))
  }

  /** Applies an action to what a path names, from one of its parts on. @returns the same value where nothing is hidden */
  #within(value: ExactValue, path: readonly string[], action: FieldAction, at = 0): ExactValue {
    if (Array.isArray(value)) {
      const items = value.map(item => this.#within(item, path, action, at))
      return items.some((item, index) => item !== value[index]) ? items : value
    }
    const name = path[at]
    if (!isExactObject(value) || name === undefined || !value.has(name)) return value
    const member = value.get(name)!
    if (at + 1 < path.length) {
      const inner = this.#within(member, path, action, at + 1)
      return inner === member ? value : new Map([...value, [name, inner]])
    }
    if (action.kind !== 'remove') return new Map([...value, [name, this.#hidden(member, action)]])
    return new Map([...value].filter(([other]) => other !== name))
  }

  #hidden(value: ExactValue, action: Exclude<FieldAction, { kind: 'remove' }>): ExactValue {
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

/** Returns whether a name matches a pattern in which "*" is any text; takes time by their lengths alone. */
function matchesPattern(pattern: string, name: string): boolean {
  const [first = '', ...others] = pattern.split('*')
  const last = others.pop()
  if (last === undefined) return name === pattern
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of others) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}
