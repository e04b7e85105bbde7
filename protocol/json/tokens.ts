import { bufferOf } from '../bytes.ts'
import { type CouchError, fail } from '../errors.ts'
import { writeAtom, writeBigInteger, writeBinary, writeFloat, writeInteger } from '../external-term.ts'
import { ByteWriter } from './byte-writer.ts'
import { decodeEscape, writeEscaped } from './escapes.ts'
import { floatSize, floatText, floatValue } from './numbers.ts'
import { sequenceLength } from './utf8.ts'

const QUOTE = 0x22
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const BACKSLASH = 0x5c
const LETTER_E = 0x65

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/** Digits that a JavaScript number holds exactly. */
const SAFE_DIGITS = 15
const LONG_INTEGER = 1000
/** Digits that the long integers of one text may have together: these take about a tenth of a second. */
export const MAX_LONG_DIGITS = 500_000
const TEXT_CHUNK = 64 * 1024
const TERM_CHUNK = 64 * 1024
const SCRATCH = 256

const NUMBER = new Uint8Array(256)
for (const byte of Buffer.from('0123456789+-.eE')) NUMBER[byte] = 1

/** Longest name of a member as it is spelled, in bytes: names are read at once, without giving way to others. */
export const MAX_NAME = 2 * 1024 * 1024

/** Bytes that a string may hold as they are, one by one. */
const PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80)
PLAIN[QUOTE] = 0
PLAIN[BACKSLASH] = 0

/** Returns whether a string may hold a byte as it is. */
export function isPlainByte(byte: number): boolean {
  return PLAIN[byte] === 1
}

/** Returns whether a number may hold a byte. */
export function isNumberByte(byte: number | undefined): boolean {
  return byte !== undefined && NUMBER[byte] === 1
}

/**
 * Reads JSON's tokens, as jiffy does for CouchDB, and writes what CouchDB would print for them (`text`) and, when asked
 * for, their Erlang terms (`term`).
 *
 * Nothing is copied as long as the text is already as CouchDB prints it: `run` is where the input that still has to be
 * copied begins, and it is flushed where the output differs from the input.
 */
export class JsonTokens {
  readonly source: Buffer
  position = 0
  run = 0
  readonly text: ByteWriter
  term: ByteWriter | undefined
  /** Bytes that the text has above CouchDB's own measure of a value (escapes, long floats). */
  excess = 0
  #decoded: ByteWriter | undefined
  protected isEscaped = false
  #longDigits = 0

  /** @param source UTF-8; must not change while results that may be part of it are in use */
  constructor(source: Uint8Array, options: { readonly term: boolean }) {
    this.source = bufferOf(source)
    this.text = new ByteWriter(Math.min(TEXT_CHUNK, Math.max(source.length, SCRATCH)))
    this.term = options.term ? new ByteWriter(Math.min(TERM_CHUNK, 2 * source.length + SCRATCH)) : undefined
  }

  /** Bytes of the string that was read last, where it had escapes. */
  protected get decoded(): ByteWriter {
    return (this.#decoded ??= new ByteWriter(SCRATCH))
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

  /** Reads a string, at whose quote this stands. @throws `too_large` past a limit in bytes, sooner or later */
  protected string(limit = Infinity): void {
    const { source, position } = this
    let offset = position + 1
    while (PLAIN[source[offset]!] === 1) offset++
    this.isEscaped = false
    if (source[offset] !== QUOTE) offset = this.#unusualString(offset, position + limit)
    if (offset - position > limit) throw tooLong()
    this.position = offset + 1
    if (this.term === undefined) return
    if (this.isEscaped) writeBinary(this.term, this.decoded.bytes, 0, this.decoded.length)
    else writeBinary(this.term, source, position + 1, offset)
  }

  /** A hash of the string that was read last, which began at `start`. */
  protected hashOfString(start: number): number {
    if (this.isEscaped) return hashOf(this.decoded.bytes, 0, this.decoded.length)
    return hashOf(this.source, start + 1, this.position - 1)
  }

  /** Another hash of it, which nobody can foresee. */
  protected secondHashOfString(start: number): number {
    if (this.isEscaped) return secondHashOf(this.decoded.bytes, 0, this.decoded.length)
    return secondHashOf(this.source, start + 1, this.position - 1)
  }

  /** The string that was read last, which began at `start`. */
  protected textOfString(start: number): string {
    if (this.isEscaped) return this.decoded.bytes.toString('utf8', 0, this.decoded.length)
    return this.source.toString('utf8', start + 1, this.position - 1)
  }

  /** Reads a number, at whose sign or first digit this stands. */
  protected number(): void {
    const { source, position } = this
    const isNegative = source[position] === MINUS
    const first = isNegative ? position + 1 : position
    let offset = first
    let value = 0
    for (let digit = source[offset]! - ZERO; digit >= 0 && digit <= 9; digit = source[++offset]! - ZERO)
      value = value * 10 + digit
    const digits = offset - first
    if (digits === 0 || (digits > 1 && source[first] === ZERO)) throw fail('invalidJson')
    const byte = source[offset]!
    if (byte === POINT || (byte | 0x20) === LETTER_E) return this.#float(offset)
    this.position = offset
    if (value === 0 && isNegative) this.#replace(position, '0')
    if (this.term === undefined) return
    if (digits <= SAFE_DIGITS) writeInteger(this.term, isNegative && value !== 0 ? -value : value)
    else this.#bigInteger(this.term, position, offset)
  }

  /** The longer an integer is the more time a digit takes: those of long ones are counted. */
  #bigInteger(term: ByteWriter, from: number, to: number): void {
    if (to - from > LONG_INTEGER) this.#longDigits += to - from
    if (this.#longDigits > MAX_LONG_DIGITS) throw fail('tooManyDigits')
    writeBigInteger(term, BigInt(this.source.toString('latin1', from, to)))
  }

  /** Reads true, false or null. */
  protected literal(byte: number): void {
    const word = byte === TRUE[0] ? TRUE : byte === FALSE[0] ? FALSE : NULL
    const { source, position } = this
    for (let i = 0; i < word.length; i++) if (source[position + i] !== word[i]) throw fail('invalidJson')
    this.position += word.length
    if (this.term !== undefined)
      writeAtom(this.term, word === TRUE ? 'true' : word === FALSE ? 'false' : 'null')
  }

  #skipSpace(): number {
    const { source } = this
    let offset = this.position
    let byte = source[offset]
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = source[++offset]
    if (byte !== undefined && byte < 0x20) throw fail('invalidJson')
    this.flush(this.position)
    this.position = this.run = offset
    return byte ?? 0
  }

  /** Goes on in a string where something is not plain ASCII; returns where it ends. */
  #unusualString(from: number, last: number): number {
    const { source } = this
    let offset = from
    for (;;) {
      const byte = source[offset]
      if (byte === QUOTE) return offset
      if (byte === BACKSLASH) return this.#escapedString(offset, last)
      if (byte === undefined || byte < 0x20) throw fail('invalidJson')
      if (offset > last) throw tooLong()
      const length = byte < 0x80 ? 1 : sequenceLength(source, offset)
      if (length === 0) throw fail('invalidJson')
      offset += length
      while (PLAIN[source[offset]!] === 1) offset++
    }
  }

  /** Goes on at a string's first escape: decodes it, and re-encodes it if jiffy escapes it differently. */
  #escapedString(from: number, last: number): number {
    const { source, position, text } = this
    const { decoded } = this
    decoded.truncate(0)
    const end = this.#decode(decoded, position + 1, from, last)
    this.isEscaped = true
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

  #decode(decoded: ByteWriter, start: number, from: number, last: number): number {
    const { source } = this
    let run = start
    let offset = from
    for (;;) {
      const byte = source[offset]
      if (byte === QUOTE || byte === BACKSLASH) decoded.copy(source, run, offset)
      if (byte === QUOTE) return offset
      if (byte === undefined || byte < 0x20) throw fail('invalidJson')
      if (offset > last) throw tooLong()
      if (byte === BACKSLASH) run = offset = decodeEscape(source, offset, decoded)
      else offset += byte < 0x80 ? 1 : sequenceLength(source, offset) || -offset - 1
      if (offset < 0) throw fail('invalidJson')
    }
  }

  /** Reads a float whose integer part ends at `from`. */
  #float(from: number): void {
    const { source, position } = this
    let offset = from
    if (source[offset] === POINT) {
      offset = skipDigits(source, offset + 1)
      if (offset === from + 1) throw fail('invalidJson')
    }
    if ((source[offset]! | 0x20) === LETTER_E) offset = exponentEnd(source, offset + 1)
    this.position = offset
    const given = source.toString('latin1', position, offset)
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

function tooLong(): CouchError {
  return fail('tooLarge', `the name of a member is longer than ${MAX_NAME} bytes`)
}

function skipDigits(source: Buffer, from: number): number {
  let offset = from
  while (source[offset]! >= ZERO && source[offset]! <= NINE) offset++
  return offset
}

/** jiffy wants a sign or a digit after the `e`, and then takes any digits, even none. */
function exponentEnd(source: Buffer, from: number): number {
  const byte = source[from]!
  if (byte !== MINUS && byte !== PLUS && !(byte >= ZERO && byte <= NINE)) throw fail('invalidJson')
  return skipDigits(source, from + 1)
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash | 0
}

/** Chosen at random, so that no text can be made whose members all have one place in a table. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0
const FACTOR = Math.floor(Math.random() * 2 ** 32) | 5

function secondHashOf(bytes: Buffer, from: number, to: number): number {
  let hash = SEED
  for (let i = from; i < to; i++) {
    hash = Math.imul(hash ^ bytes[i]!, FACTOR)
    hash ^= hash >>> 15
  }
  return hash | 0
}
