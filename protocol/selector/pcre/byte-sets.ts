import type { ByteSet } from './ast.ts'

const NEWLINE = 10
const code = (character: string) => character.charCodeAt(0)

/** The set of the bytes for which `has` is true. */
export function setOf(has: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (has(byte) ? 1 : 0))
}

export function negated(set: ByteSet): ByteSet {
  return set.map(flag => 1 - flag)
}

export function union(sets: readonly ByteSet[]): ByteSet {
  return setOf(byte => sets.some(set => set[byte] === 1))
}

const between = (from: string, to: string) => (byte: number) => byte >= code(from) && byte <= code(to)
const oneOf = (characters: string) => (byte: number) => characters.includes(String.fromCharCode(byte))
const isDigit = between('0', '9')
const isLower = between('a', 'z')
const isUpper = between('A', 'Z')
const isAlpha = (byte: number) => isLower(byte) || isUpper(byte)
const isWord = (byte: number) => isAlpha(byte) || isDigit(byte) || byte === code('_')
const isGraph = (byte: number) => byte > 32 && byte < 127
const isSpace = oneOf('\t\n\v\f\r ')

export const ANY_BYTE = setOf(() => true)
export const NOT_NEWLINE = setOf(byte => byte !== NEWLINE)
export const WORD = setOf(isWord)

/** Sets of bytes of `\d`, `\W` and the like. */
export const ESCAPED_SETS: Readonly<Record<string, ByteSet>> = {
  d: setOf(isDigit),
  D: negated(setOf(isDigit)),
  w: WORD,
  W: negated(WORD),
  s: setOf(isSpace),
  S: negated(setOf(isSpace)),
  h: setOf(oneOf('\t \xa0')),
  H: negated(setOf(oneOf('\t \xa0'))),
  v: setOf(oneOf('\n\v\f\r\x85')),
  V: negated(setOf(oneOf('\n\v\f\r\x85'))),
}

/** Sets of bytes of `[:alpha:]` and the like. */
export const POSIX_SETS: Readonly<Record<string, ByteSet>> = {
  alpha: setOf(isAlpha),
  lower: setOf(isLower),
  upper: setOf(isUpper),
  alnum: setOf(byte => isAlpha(byte) || isDigit(byte)),
  digit: setOf(isDigit),
  xdigit: setOf(byte => isDigit(byte) || oneOf('abcdefABCDEF')(byte)),
  word: WORD,
  space: setOf(isSpace),
  blank: setOf(oneOf('\t ')),
  cntrl: setOf(byte => byte < 32 || byte === 127),
  print: setOf(byte => byte >= 32 && byte < 127),
  graph: setOf(isGraph),
  punct: setOf(byte => isGraph(byte) && !isAlpha(byte) && !isDigit(byte)),
  ascii: setOf(byte => byte < 128),
}

/** The set with the other case of each letter in it. */
export function caseless(set: ByteSet): ByteSet {
  return setOf(byte => set[byte] === 1 || (isAlpha(byte) && set[byte ^ 32] === 1))
}

export function singleByte(byte: number): ByteSet {
  return setOf(other => other === byte)
}
