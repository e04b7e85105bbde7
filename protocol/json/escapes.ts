import type { ByteWriter } from './byte-writer.ts'
import { writeCodePoint } from './utf8.ts'

const BACKSLASH = 0x5c
const QUOTE = 0x22
const LETTER_U = 0x75

/** The letter after the backslash → the character it stands for. */
const UNESCAPED = new Uint8Array(256)
/** Character → the letter that jiffy writes after the backslash; 0 when it writes the character itself. */
const ESCAPED = new Uint8Array(256)
for (const [letter, character] of ['""', '\\\\', 'b\b', 'f\f', 'n\n', 'r\r', 't\t', '//']) {
  UNESCAPED[letter!.charCodeAt(0)] = character!.charCodeAt(0)
  if (letter !== '/') ESCAPED[character!.charCodeAt(0)] = letter!.charCodeAt(0)
}

/** Result of `decodeEscape`: the end of the escape, -1 if JSON does not know it. */
export function decodeEscape(source: Buffer, offset: number, out: ByteWriter): number {
  const letter = source[offset + 1] ?? 0
  if (letter === LETTER_U) return decodeUnicode(source, offset, out)
  const character = UNESCAPED[letter]!
  if (character === 0) return -1
  out.byte(character)
  return offset + 2
}

function decodeUnicode(source: Buffer, offset: number, out: ByteWriter): number {
  const high = hex4(source, offset + 2)
  if (high < 0 || (high >= 0xdc00 && high <= 0xdfff)) return -1
  out.reserve(4)
  if (high < 0xd800 || high > 0xdfff) {
    out.length = writeCodePoint(out.bytes, out.length, high)
    return offset + 6
  }
  const low =
    source[offset + 6] === BACKSLASH && source[offset + 7] === LETTER_U ? hex4(source, offset + 8) : -1
  if (low < 0xdc00 || low > 0xdfff) return -1
  out.length = writeCodePoint(out.bytes, out.length, 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff))
  return offset + 12
}

function hex4(source: Buffer, offset: number): number {
  let value = 0
  for (let i = offset; i < offset + 4; i++) {
    const digit = hexDigit(source[i] ?? 0)
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** Writes `text[from, to)` (valid UTF-8) as a JSON string, quotes included, with the escapes that jiffy uses. */
export function writeEscaped(out: ByteWriter, text: Buffer, from: number, to: number): void {
  out.byte(QUOTE)
  writeEscapedPart(out, text, from, to)
  out.byte(QUOTE)
}

/** As `writeEscaped`, without the quotes. */
export function writeEscapedPart(out: ByteWriter, text: Buffer, from: number, to: number): void {
  let run = from
  for (let i = from; i < to; i++) {
    const byte = text[i]!
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue
    out.copy(text, run, i)
    writeEscape(out, byte)
    run = i + 1
  }
  out.copy(text, run, to)
}

/** jiffy writes control characters with upper-case hex digits, other than JSON.stringify. */
function writeEscape(out: ByteWriter, byte: number): void {
  const letter = ESCAPED[byte]!
  if (letter === 0) return out.latin1(`\\u00${byte.toString(16).toUpperCase().padStart(2, '0')}`)
  out.byte(BACKSLASH)
  out.byte(letter)
}
