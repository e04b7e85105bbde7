import { PatternError, type ByteSet } from './ast.ts'
import { caseless, negated, POSIX_SETS, setOf, singleByte, union } from './byte-sets.ts'
import type { Cursor } from './cursor.ts'
import { readByteEscape, readSetEscape } from './escapes.ts'

/** Reads a character class; the cursor stands after its `[`. */
export function readClass(cursor: Cursor, ignoreCase: boolean): ByteSet {
  const isNegated = cursor.accept('^')
  const parts: ByteSet[] = []
  do parts.push(readPart(cursor))
  while (!cursor.accept(']'))
  const set = ignoreCase ? caseless(union(parts)) : union(parts)
  return isNegated ? negated(set) : set
}

function readPart(cursor: Cursor): ByteSet {
  const first = readAtom(cursor)
  if (typeof first !== 'number') return first
  if (cursor.peek() !== '-' || cursor.text.charAt(cursor.position + 1) === ']') return singleByte(first)
  cursor.skip(1)
  const last = readAtom(cursor)
  if (typeof last !== 'number') return union([singleByte(first), singleByte(45), last])
  if (last < first) throw new PatternError('range out of order in character class')
  return setOf(byte => byte >= first && byte <= last)
}

/** One byte, or a set such as `\d` or `[:alpha:]`. */
function readAtom(cursor: Cursor): number | ByteSet {
  const posix = cursor.take(/^\[:\^?[a-z]*:\]/)
  if (posix !== undefined) return posixSet(posix.slice(2, -2))
  if (!cursor.accept('\\')) return cursor.next().charCodeAt(0)
  if (cursor.accept('b')) return 8
  return readSetEscape(cursor) ?? readByteEscape(cursor)
}

function posixSet(name: string): ByteSet {
  const isNegated = name.startsWith('^')
  const set = POSIX_SETS[isNegated ? name.slice(1) : name]
  if (set === undefined) throw new PatternError('unknown POSIX class name')
  return isNegated ? negated(set) : set
}
