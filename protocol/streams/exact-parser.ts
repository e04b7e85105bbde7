import { isUtf8 } from 'node:buffer'
import { canonicalJson } from '../json/canonical.ts'
import { BadEvent } from './bad-event.ts'
import { ExactNumber, type ExactObject, type ExactValue } from './exact-value.ts'

const MAX_DEPTH = 500
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
// eslint-disable-next-line no-control-regex
const SPECIAL = /[\\\u0000-\u001f]/
const SPACE = /[ \t\n\r]*/y

/**
 * Parses JSON text in one pass, by the rules for documents: numbers in CouchDB's spelling, the last of duplicate members in the
 * last place, no lone surrogates.
 */
export class ExactParser {
  readonly #text: string
  #at: number

  /** @param at where the value begins */
  constructor(text: string, at = 0) {
    this.#text = text
    this.#at = at
  }

  /** Place behind what was read. */
  get position(): number {
    return this.#at
  }

  /** Reads a value and the space behind it. @throws BadEvent `invalid_json` */
  value(depth = 0): ExactValue {
    this.checkDepth(depth)
    this.skipSpace()
    const value = this.#bare(depth)
    this.skipSpace()
    return value
  }

  /** Reads a mark such as "}", and nothing else. @throws BadEvent `invalid_json` */
  expect(mark: string): void {
    if (!this.#text.startsWith(mark, this.#at)) throw invalid()
    this.#at += mark.length
  }

  /** @throws BadEvent `invalid_json` where text is left */
  end(): void {
    if (this.#at < this.#text.length) throw invalid()
  }

  #bare(depth: number): ExactValue {
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth + 1)
      case 0x5b:
        return this.#array(depth + 1)
      default:
        return this.scalar()
    }
  }

  protected checkDepth(depth: number): void {
    if (depth > MAX_DEPTH) throw new BadEvent('invalid_json', `nested more than ${MAX_DEPTH} levels deep`)
  }

  /** Reads a value that holds no others. */
  protected scalar(): ExactValue {
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x22:
        return this.#string()
      case 0x74:
        return this.#word('true', true)
      case 0x66:
        return this.#word('false', false)
      case 0x6e:
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(depth: number): ExactObject {
    const members: ExactObject = new Map()
    this.#at++
    this.skipSpace()
    if (this.takes(0x7d)) return members
    do {
      const name = this.name()
      const value = this.value(depth)
      if (members.has(name)) members.delete(name)
      members.set(name, value)
    } while (this.takes(0x2c))
    this.expect('}')
    return members
  }

  /** Reads the name of a member and the colon behind it. */
  protected name(): string {
    this.skipSpace()
    if (this.#text.charCodeAt(this.#at) !== 0x22) throw invalid()
    const name = this.#string()
    this.skipSpace()
    this.expect(':')
    return name
  }

  #array(depth: number): ExactValue[] {
    const values: ExactValue[] = []
    this.#at++
    this.skipSpace()
    if (this.takes(0x5d)) return values
    do values.push(this.value(depth))
    while (this.takes(0x2c))
    this.expect(']')
    return values
  }

  #string(): string {
    const end = this.#text.indexOf('"', this.#at + 1)
    const plain = this.#text.slice(this.#at + 1, end)
    if (end > 0 && !SPECIAL.test(plain)) {
      this.#at = end + 1
      return plain
    }
    return this.#escaped()
  }

  #escaped(): string {
    const text = this.#text.slice(this.#at, this.#stringEnd())
    this.#at += text.length
    const value = decoded(text)
    // The rules for surrogates are those of documents.
    if (/\p{Surrogate}/u.test(value)) throw invalid()
    return value
  }

  /** Finds the end of a string that may be long: no regular expression, whose stack is not. */
  #stringEnd(): number {
    const text = this.#text
    let offset = this.#at + 1
    for (let code = text.charCodeAt(offset); code !== 0x22; code = text.charCodeAt(offset)) {
      if (Number.isNaN(code)) throw invalid()
      offset += code === 0x5c ? 2 : 1
    }
    return offset + 1
  }

  #number(): ExactNumber {
    NUMBER.lastIndex = this.#at
    const [text, fraction, exponent] = NUMBER.exec(this.#text) ?? []
    if (text === undefined) throw invalid()
    this.#at += text.length
    const isPlain = fraction === undefined && exponent === undefined && text !== '-0'
    return new ExactNumber(isPlain ? text : strictly(text))
  }

  #word<T>(word: string, value: T): T {
    this.expect(word)
    return value
  }

  protected takes(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }

  protected skipSpace(): void {
    if (this.#text.charCodeAt(this.#at) > 0x20) return
    SPACE.lastIndex = this.#at
    this.#at += SPACE.exec(this.#text)![0].length
  }
}

/** Returns the text of bytes. @throws BadEvent `invalid_json` for what is no UTF-8 */
export function textOfBytes(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw invalid()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}

function decoded(json: string): string {
  try {
    return JSON.parse(json) as string
  } catch {
    throw invalid()
  }
}

function strictly(json: string): string {
  try {
    return canonicalJson(Buffer.from(json)).toString()
  } catch {
    throw invalid()
  }
}

function invalid(): BadEvent {
  return new BadEvent('invalid_json', 'invalid UTF-8 JSON')
}
