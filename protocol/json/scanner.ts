import { fail } from '../errors.ts'
import {
  beginList,
  endList,
  writeAtom,
  writeBigInteger,
  writeBinary,
  writeFloat,
  writeInteger,
  writeTuple,
} from '../external-term.ts'
import { ByteWriter } from './byte-writer.ts'
import { decodeEscape, writeEscaped } from './escapes.ts'
import { KeySet } from './key-set.ts'
import { floatSize, floatText, floatValue } from './numbers.ts'
import { sequenceLength } from './utf8.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const LETTER_E = 0x65

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/** Digits that a JavaScript number holds exactly, and then some room. */
const SAFE_DIGITS = 15
const TEXT_CHUNK = 64 * 1024
const TERM_CHUNK = 64 * 1024
const SCRATCH = 256

/** Bytes that a string may hold as they are, one by one. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80)
PLAIN[QUOTE] = 0
PLAIN[BACKSLASH] = 0

/** A member of an object that was read: its name, and where its value lies in the source. */
export interface Member {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** An open object or array: what its term and its members are counted by. */
interface Frame {
  isObject: boolean
  /** Nothing was read in it yet, so no comma is due. */
  isFresh: boolean
  /** Elements or members in the term. */
  count: number
  /** Where the term's list begins. */
  list: number
  /** Where the object's hashes begin. */
  keys: number
}

/**
 * Reads JSON once, as jiffy does for CouchDB, and writes what CouchDB would print for it (`text`) and, when asked for,
 * its Erlang term (`term`).
 *
 * Nothing is copied as long as the text is already as CouchDB prints it: `run` is where the input that still has to be
 * copied begins, and it is flushed where the output differs from the input. Containers are kept on a stack of our own,
 * for CouchDB takes a hundred thousand nested arrays.
 *
 * Duplicate members are noticed (`hasSuspiciousKeys`), not resolved: see `withoutDuplicates`.
 */
export class JsonScanner {
  readonly source: Buffer
  position = 0
  run = 0
  readonly text: ByteWriter
  term: ByteWriter | undefined
  /** Bytes that the text has above CouchDB's own measure of a value (escapes, long floats). */
  excess = 0
  readonly #keys = new KeySet()
  readonly #frames: Frame[] = []
  #depth = 0
  #decoded: ByteWriter | undefined
  #escaped = false

  /** @param source UTF-8; must not change while results that may be part of it are in use */
  constructor(source: Uint8Array, options: { readonly term: boolean }) {
    this.source = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
    this.text = new ByteWriter(Math.min(TEXT_CHUNK, Math.max(source.length, SCRATCH)))
    this.term = options.term ? new ByteWriter(Math.min(TERM_CHUNK, 2 * source.length + SCRATCH)) : undefined
  }

  /** Whether some object may hold a member twice. */
  get hasSuspiciousKeys(): boolean {
    return this.#keys.suspicious
  }

  /** The byte that comes next, after white space. */
  next(): number {
    const byte = this.source[this.position]!
    return byte > 0x20 ? byte : this.#skipSpace()
  }

  /** Writes the input up to `end` that was not written yet. The output may differ from there on: set `run` again. */
  flush(end: number): void {
    if (this.run < end) this.text.copy(this.source, this.run, end)
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.position < this.source.length) this.next()
    if (this.position < this.source.length) throw fail('invalidJson')
  }

  /** Reads one value, however deep. */
  value(): void {
    const floor = this.#depth
    do if (this.#scalarOrOpen()) this.#afterValue(floor)
    while (this.#depth > floor)
  }

  /** Stands at the first member of an object or, when it has none, behind it; false when the value is no object. */
  enterObject(): boolean {
    if (this.next() !== OPEN_OBJECT) return false
    this.#open(true)
    return true
  }

  /** Stands at the first element of an array; false when the value is no array. */
  enterArray(): boolean {
    if (this.next() !== OPEN_ARRAY) return false
    this.#open(false)
    return true
  }

  /**
   * Goes on to the next element of the array that was entered, or to the next member's name (see `key`);
   * false when there is none, and the container is left.
   */
  more(): boolean {
    const frame = this.#frames[this.#depth - 1]!
    const byte = this.next()
    if (byte === (frame.isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
      this.position++
      this.#close(frame)
      return false
    }
    if (frame.isFresh) return !(frame.isFresh = false)
    if (byte !== COMMA) throw fail('invalidJson')
    this.position++
    this.next()
    return true
  }

  /** Counts an element of the array that was entered; its `value` has to be read. */
  element(): void {
    this.#frames[this.#depth - 1]!.count++
  }

  /** Reads a member's name and the colon. */
  key(): void {
    const frame = this.#frames[this.#depth - 1]!
    frame.count++
    if (this.next() !== QUOTE) throw fail('invalidJson')
    if (this.term !== undefined) writeTuple(this.term, 2)
    const start = this.position
    this.#string()
    this.#keys.add(
      frame.keys,
      this.#escaped ? this.#hashOfDecoded() : hashOf(this.source, start + 1, this.position - 1),
    )
    if (this.next() !== COLON) throw fail('invalidJson')
    this.position++
  }

  /** Reads a member, name and value, that becomes no part of the object's term; what was written is the caller's. */
  detachedMember(): Member {
    const { term, excess } = this
    this.term = undefined
    const name = this.namedKey()
    this.next()
    const start = this.position
    this.value()
    this.#frames[this.#depth - 1]!.count--
    this.term = term
    this.excess = excess
    return { name, start, end: this.position }
  }

  /** As `key`; returns the name. */
  namedKey(): string {
    const name = this.peekName()
    this.key()
    return name
  }

  /** The name of the member that comes next. What is written of it is the caller's, as it is read again. */
  peekName(): string {
    const { position, term, excess, source } = this
    if (this.next() !== QUOTE) throw fail('invalidJson')
    this.term = undefined
    this.#string()
    const { bytes, length } = this.#escaped ? this.#decoded! : { bytes: source, length: this.position - 1 }
    const name = bytes.toString('utf8', this.#escaped ? 0 : position + 1, length)
    this.position = position
    this.term = term
    this.excess = excess
    return name
  }

  /** Reads a scalar, or opens a container; false when a value has to be read next. */
  #scalarOrOpen(): boolean {
    const byte = this.next()
    if (byte === QUOTE) this.#string()
    else if (byte === OPEN_OBJECT) return this.#openAndEnter(true)
    else if (byte === OPEN_ARRAY) return this.#openAndEnter(false)
    else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) this.#number()
    else this.#literal(byte)
    return true
  }

  #openAndEnter(isObject: boolean): boolean {
    this.#open(isObject)
    return !this.#toNextValue()
  }

  /** Goes to the next value that has to be read, closing what ends here. */
  #afterValue(floor: number): void {
    while (this.#depth > floor) if (this.#toNextValue()) return
  }

  #toNextValue(): boolean {
    if (!this.more()) return false
    if (this.#frames[this.#depth - 1]!.isObject) this.key()
    else this.element()
    return true
  }

  #open(isObject: boolean): void {
    this.position++
    const frame = (this.#frames[this.#depth++] ??= { isObject, isFresh: true, count: 0, list: 0, keys: 0 })
    frame.isObject = isObject
    frame.isFresh = true
    frame.count = 0
    if (isObject) frame.keys = this.#keys.enter()
    if (this.term === undefined) return
    if (isObject) writeTuple(this.term, 1)
    frame.list = beginList(this.term)
  }

  #close(frame: Frame): void {
    this.#depth--
    if (frame.isObject) this.#keys.leave(frame.keys)
    if (this.term !== undefined) endList(this.term, frame.list, frame.count)
  }

  #skipSpace(): number {
    const { source } = this
    let at = this.position
    let byte = source[at]
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = source[++at]
    if (byte !== undefined && byte < 0x20) throw fail('invalidJson')
    this.flush(this.position)
    this.position = this.run = at
    return byte ?? 0
  }

  #literal(byte: number): void {
    const word = byte === TRUE[0] ? TRUE : byte === FALSE[0] ? FALSE : NULL
    const { source, position } = this
    for (let i = 0; i < word.length; i++) if (source[position + i] !== word[i]) throw fail('invalidJson')
    this.position += word.length
    if (this.term !== undefined)
      writeAtom(this.term, word === TRUE ? 'true' : word === FALSE ? 'false' : 'null')
  }

  #string(): void {
    const { source, position } = this
    let at = position + 1
    while (PLAIN[source[at]!] === 1) at++
    this.#escaped = false
    if (source[at] !== QUOTE) at = this.#unusualString(at)
    this.position = at + 1
    if (this.term === undefined) return
    if (this.#escaped) writeBinary(this.term, this.#decoded!.bytes, 0, this.#decoded!.length)
    else writeBinary(this.term, source, position + 1, at)
  }

  /** Goes on in a string where something is not plain ASCII; returns where it ends. */
  #unusualString(from: number): number {
    const { source } = this
    let at = from
    for (;;) {
      const byte = source[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) return this.#escapedString(at)
      if (byte === undefined || byte < 0x20) throw fail('invalidJson')
      const length = byte < 0x80 ? 1 : sequenceLength(source, at)
      if (length === 0) throw fail('invalidJson')
      at += length
      while (PLAIN[source[at]!] === 1) at++
    }
  }

  /** Goes on at a string's first escape: decodes it, and writes it anew if jiffy would have escaped it otherwise. */
  #escapedString(from: number): number {
    const { source, position, text } = this
    const decoded = (this.#decoded ??= new ByteWriter(SCRATCH))
    decoded.truncate(0)
    const end = this.#decode(decoded, position + 1, from)
    this.#escaped = true
    const before = text.position
    writeEscaped(text, decoded.bytes, 0, decoded.length)
    this.excess += text.position - before - 2 - decoded.length
    const isSame = source.compare(text.bytes, text.start + before, text.length, position, end + 1) === 0
    text.truncate(before)
    if (!isSame) {
      this.flush(position)
      writeEscaped(text, decoded.bytes, 0, decoded.length)
      this.run = end + 1
    }
    return end
  }

  #decode(decoded: ByteWriter, start: number, from: number): number {
    const { source } = this
    let run = start
    let at = from
    for (;;) {
      const byte = source[at]
      if (byte === QUOTE || byte === BACKSLASH) decoded.copy(source, run, at)
      if (byte === QUOTE) return at
      if (byte === undefined || byte < 0x20) throw fail('invalidJson')
      if (byte === BACKSLASH) run = at = decodeEscape(source, at, decoded)
      else at += byte < 0x80 ? 1 : sequenceLength(source, at) || -at - 1
      if (at < 0) throw fail('invalidJson')
    }
  }

  #hashOfDecoded(): number {
    return hashOf(this.#decoded!.bytes, 0, this.#decoded!.length)
  }

  #number(): void {
    const { source, position } = this
    const isNegative = source[position] === MINUS
    const first = isNegative ? position + 1 : position
    let at = first
    let value = 0
    for (let digit = source[at]! - ZERO; digit >= 0 && digit <= 9; digit = source[++at]! - ZERO)
      value = value * 10 + digit
    const digits = at - first
    if (digits === 0 || (digits > 1 && source[first] === ZERO)) throw fail('invalidJson')
    const byte = source[at]!
    if (byte === POINT || (byte | 0x20) === LETTER_E) return this.#float(at)
    this.position = at
    if (value === 0 && isNegative) this.#replace(position, '0')
    if (this.term === undefined) return
    if (digits <= SAFE_DIGITS) writeInteger(this.term, isNegative && value !== 0 ? -value : value)
    else writeBigInteger(this.term, BigInt(source.toString('latin1', position, at)))
  }

  /** Reads a float whose integer part ends at `from`. */
  #float(from: number): void {
    const { source, position } = this
    let at = from
    if (source[at] === POINT) {
      at = skipDigits(source, at + 1)
      if (at === from + 1) throw fail('invalidJson')
    }
    if ((source[at]! | 0x20) === LETTER_E) at = exponentEnd(source, at + 1)
    this.position = at
    const given = source.toString('latin1', position, at)
    const value = floatValue(given)
    const text = floatText(value)
    if (text !== given) this.#replace(position, text)
    this.excess += text.length - floatSize(value)
    if (this.term !== undefined) writeFloat(this.term, value)
  }

  /** Writes `text` for the input from `start` up to here. */
  #replace(start: number, text: string): void {
    this.flush(start)
    this.text.latin1(text)
    this.run = this.position
  }
}

function skipDigits(source: Buffer, from: number): number {
  let at = from
  while (source[at]! >= ZERO && source[at]! <= NINE) at++
  return at
}

/** jiffy wants a sign or a digit after the `e`, and then takes any digits, even none. */
function exponentEnd(source: Buffer, from: number): number {
  const byte = source[from]!
  if (byte !== MINUS && byte !== 0x2b && !(byte >= ZERO && byte <= NINE)) throw fail('invalidJson')
  return skipDigits(source, from + 1)
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash | 0
}
