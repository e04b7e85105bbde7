import { CouchError } from '../errors.ts'
import { canonicalJson } from '../json/canonical.ts'
import { jsonString } from '../json/json-string.ts'
import { BadEvent } from './bad-event.ts'

/** A number with every digit that it was written with. */
export class ExactNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type ExactObject = Map<string, ExactValue>

/** A JSON value whose numbers keep their digits and whose objects keep the order of their members. */
export type ExactValue = null | boolean | string | ExactNumber | ExactValue[] | ExactObject

const MAX_DEPTH = 500
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING = /"(?:[^"\\]|\\.)*"/sy

/**
 * Parses JSON by the rules for documents.
 *
 * @throws BadEvent `invalid_json`
 */
export function parseExact(json: Uint8Array): ExactValue {
  try {
    return new Parser(canonicalJson(json).toString()).value(0)
  } catch (error) {
    if (error instanceof CouchError) throw new BadEvent('invalid_json', error.reason)
    throw error
  }
}

/** Prints a value; `parseExact` of it is the same value. */
export function printExact(value: ExactValue): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return jsonString(value)
  if (value instanceof ExactNumber) return value.text
  if (Array.isArray(value)) return `[${value.map(printExact).join(',')}]`
  return `{${[...value].map(([name, member]) => `${jsonString(name)}:${printExact(member)}`).join(',')}}`
}

export function isExactObject(value: ExactValue | undefined): value is ExactObject {
  return value instanceof Map
}

/** Returns an integer that fits a JavaScript number; undefined for anything else. */
export function integerOf(value: ExactValue | undefined): number | undefined {
  if (!(value instanceof ExactNumber) || !/^-?\d+$/.test(value.text)) return undefined
  const number = Number(value.text)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Reads canonical JSON, which was checked already: no white space, no errors. */
class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): ExactValue {
    if (depth > MAX_DEPTH) throw new BadEvent('invalid_json', `nested more than ${MAX_DEPTH} levels deep`)
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth + 1)
      case '[':
        return this.#array(depth + 1)
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      case undefined:
      default:
        return new ExactNumber(this.#match(NUMBER))
    }
  }

  #object(depth: number): ExactObject {
    const members: ExactObject = new Map()
    this.#at++
    while (this.#text[this.#at] !== '}') {
      if (this.#text[this.#at] === ',') this.#at++
      const name = this.#string()
      this.#at++
      members.set(name, this.value(depth))
    }
    this.#at++
    return members
  }

  #array(depth: number): ExactValue[] {
    const values: ExactValue[] = []
    this.#at++
    while (this.#text[this.#at] !== ']') {
      if (this.#text[this.#at] === ',') this.#at++
      values.push(this.value(depth))
    }
    this.#at++
    return values
  }

  #string(): string {
    const end = this.#text.indexOf('"', this.#at + 1)
    const plain = this.#text.slice(this.#at + 1, end)
    if (!plain.includes('\\')) {
      this.#at = end + 1
      return plain
    }
    return JSON.parse(this.#match(STRING)) as string
  }

  #word<T>(word: string, value: T): T {
    this.#at += word.length
    return value
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0]
    if (text === undefined) throw new BadEvent('invalid_json', `unexpected text at ${this.#at}`)
    this.#at += text.length
    return text
  }
}
