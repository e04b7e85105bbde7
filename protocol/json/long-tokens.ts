import { fail } from '../errors.ts'
import { writeBinary } from '../external-term.ts'
import { STEP_BYTES } from '../steps.ts'
import { decodeEscape, writeEscapedPart } from './escapes.ts'
import { isNumberByte, isPlainByte, JsonTokens, MAX_LONG_DIGITS } from './tokens.ts'
import { sequenceLength } from './utf8.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** In shorter texts no string takes long. */
const LONG_SOURCE = 1024 * 1024

/** Reads the strings of long texts in parts, so that one of megabytes gives way to others, too. */
export class LongTokens extends JsonTokens {
  /** Place in a string that was read in part; 0 where none was. */
  #next = 0

  /** True if values are to be read by `stringPart`, and numbers to be measured first. */
  readonly isLong = this.source.length >= LONG_SOURCE

  /** Reads a string, at whose quote this stands, or a part of it: false where there is more. */
  protected stringPart(): boolean {
    const { source, position } = this
    if (this.#next === 0) {
      this.#next = position + 1
      this.isEscaped = false
    }
    const stop = Math.min(this.#next + STEP_BYTES, source.length)
    if (!this.isEscaped) this.#next = this.#plainEnd(this.#next, stop)
    if (this.isEscaped) this.#next = this.#decodePart(this.#next, stop)
    const end = this.#next
    if (end >= source.length) throw fail('invalidJson')
    if (source[end] !== QUOTE) return false
    this.#endString(end)
    return true
  }

  /** @throws `bad_request` for a number that takes long to read; by as many digits as one with a term may have */
  protected measureNumber(): void {
    const { source, position } = this
    const end = position + MAX_LONG_DIGITS
    if (!isNumberByte(source[end])) return
    let offset = position
    while (offset < end && isNumberByte(source[offset])) offset++
    if (offset === end) throw fail('tooManyDigits')
  }

  /** Goes on up to the end of the string, to its first escape, or to about `stop`. */
  #plainEnd(from: number, stop: number): number {
    const { source } = this
    let offset = from
    while (offset < stop) {
      const byte = source[offset]!
      if (isPlainByte(byte)) offset++
      else if (byte === QUOTE) return offset
      else if (byte === BACKSLASH) return this.#beginEscaped(offset)
      else offset += lengthAt(source, offset)
    }
    return offset
  }

  #beginEscaped(offset: number): number {
    const { source, position, decoded, text } = this
    decoded.truncate(0)
    decoded.copy(source, position + 1, offset)
    this.flush(position)
    this.run = position
    // Up to here nothing differs from what is printed, so that the quote is copied, too.
    text.copy(source, position, offset)
    this.isEscaped = true
    return offset
  }

  #decodePart(from: number, stop: number): number {
    const { source, decoded, text } = this
    const [decodedBefore, before] = [decoded.length, text.position]
    let [offset, run] = [from, from]
    while (offset < stop) {
      const byte = source[offset]!
      if (byte === QUOTE) break
      if (byte !== BACKSLASH) {
        offset += byte >= 0x20 && byte < 0x80 ? 1 : lengthAt(source, offset)
        continue
      }
      decoded.copy(source, run, offset)
      run = offset = decodeEscape(source, offset, decoded)
      if (offset < 0) throw fail('invalidJson')
    }
    decoded.copy(source, run, offset)
    writeEscapedPart(text, decoded.bytes, decodedBefore, decoded.length)
    this.excess += text.position - before - (decoded.length - decodedBefore)
    return offset
  }

  #endString(end: number): void {
    const { source, position, term, decoded } = this
    this.position = end + 1
    this.#next = 0
    // The closing quote is copied with what follows.
    if (this.isEscaped) this.run = end
    if (term === undefined) return
    if (this.isEscaped) writeBinary(term, decoded.bytes, 0, decoded.length)
    else writeBinary(term, source, position + 1, end)
  }
}

function lengthAt(source: Buffer, offset: number): number {
  const length = source[offset]! < 0x80 ? 0 : sequenceLength(source, offset)
  if (length === 0) throw fail('invalidJson')
  return length
}
