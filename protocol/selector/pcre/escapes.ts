import { PatternError, type ByteSet } from './ast.ts'
import { ESCAPED_SETS } from './byte-sets.ts'
import type { Cursor } from './cursor.ts'

const CONTROLS: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }

/** Reads what `\` begins where it stands for a set of bytes, in and out of classes; undefined where it does not. */
export function readSetEscape(cursor: Cursor): ByteSet | undefined {
  const letter = cursor.peek()
  const set = Object.hasOwn(ESCAPED_SETS, letter) ? ESCAPED_SETS[letter] : undefined
  if (set !== undefined) cursor.skip(1)
  return set
}

/** Reads the byte that `\` stands for: `\n`, `\x41`, `\101`, `\cA`, or the character itself. */
export function readByteEscape(cursor: Cursor): number {
  const letter = cursor.next()
  if (Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter] as number
  if (letter === 'x') return readHex(cursor)
  if (letter === 'o') return readBraced(cursor, 8)
  if (letter === 'c') return (cursor.next().toUpperCase().charCodeAt(0) ^ 64) & 255
  if (/[0-7]/.test(letter)) return parseInt(letter + (cursor.take(/^[0-7]{1,2}/) ?? ''), 8) & 255
  if (/[a-zA-Z]/.test(letter)) throw new PatternError(`unsupported escape \\${letter}`)
  return letter.charCodeAt(0)
}

function readHex(cursor: Cursor): number {
  if (cursor.peek() === '{') return readBraced(cursor, 16)
  return parseInt(cursor.take(/^[0-9a-fA-F]{1,2}/) ?? '0', 16)
}

function readBraced(cursor: Cursor, base: number): number {
  const digits = cursor.take(/^\{[0-9a-fA-F]+\}/)
  const value = digits === undefined ? NaN : parseInt(digits.slice(1, -1), base)
  if (!(value <= 255)) throw new PatternError('character value in \\x{} or \\o{} is too large')
  return value
}
