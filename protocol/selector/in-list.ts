import { compareJson } from '../collation/compare.ts'
import { viewKey } from '../collation/view-key.ts'
import { bufferOf } from '../bytes.ts'
import type { JsonValue } from '../json-value.ts'

/** Candidates that are compared one by one. */
const FEW = 8
/** Strings up to which a sort key is made; longer ones mostly differ from all others early. */
const SHORT = 256

/** Values of a list, by the ways in which they are looked up: a list may have thousands, and a document as many elements. */
export class ValueList {
  readonly #strings: readonly string[]
  /** Objects and arrays. */
  readonly #others: readonly JsonValue[]
  readonly #scalars: ReadonlySet<JsonValue>
  readonly #keys: ReadonlySet<string>

  constructor(values: readonly JsonValue[]) {
    this.#scalars = new Set(values.filter(isScalar))
    this.#others = values.filter(value => !isScalar(value))
    this.#strings = [...this.#scalars].filter(value => typeof value === 'string')
    this.#keys = new Set(this.#strings.length > FEW ? this.#strings.map(keyOf) : [])
  }

  /** Returns about how many comparisons a look-up takes. */
  stepsFor(value: JsonValue): number {
    if (typeof value === 'string') return this.#hasKeyOf(value) ? FEW : 1 + this.#strings.length
    return isScalar(value) ? 1 : 1 + this.#others.length
  }

  /** Returns whether a value sorts where one of the list does. */
  has(value: JsonValue): boolean {
    if (this.#scalars.has(value)) return true
    if (typeof value === 'string') return this.#hasString(value)
    return !isScalar(value) && this.#others.some(other => compareJson(value, other) === 0)
  }

  #hasString(value: string): boolean {
    if (this.#hasKeyOf(value)) return this.#keys.has(keyOf(value))
    return this.#strings.some(other => compareJson(value, other) === 0)
  }

  #hasKeyOf(value: string): boolean {
    return this.#keys.size > 0 && value.length <= SHORT
  }
}

/** Returns a test of arrays that have each of some values as an element, the same Erlang term. */
export function containsAll(wanted: readonly JsonValue[]): (elements: readonly JsonValue[]) => boolean {
  const scalars = new Set(wanted.filter(isScalar))
  // Values are the same term where their texts are the same.
  const texts = new Set(wanted.filter(value => !isScalar(value)).map(value => JSON.stringify(value)))
  return elements => {
    const [missing, missingTexts] = [new Set(scalars), new Set(texts)]
    for (const element of elements) {
      if (isScalar(element)) missing.delete(element)
      else if (missingTexts.size > 0) missingTexts.delete(JSON.stringify(element))
      if (missing.size + missingTexts.size === 0) return true
    }
    return false
  }
}

function isScalar(value: JsonValue): boolean {
  return typeof value !== 'object' || value === null
}

function keyOf(value: string): string {
  return bufferOf(viewKey(value)).toString('latin1')
}
