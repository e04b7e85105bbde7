import { rootElements } from './root.ts'

/** Marks between a letter and the mark that it contracts with that are looked at: Unicode's stream-safe texts have at most 30. */
export const MAX_BETWEEN = 32

/** Marks in a row that are put in canonical order together: the time that takes grows with their square. */
export const MAX_MARKS = 256
const LONG_MARKS = new RegExp(`\\p{M}{${MAX_MARKS + 1}}`, 'u')

/** Returns whether a text has more marks on one letter than are put in order together. */
export function hasLongMarks(text: string): boolean {
  return text.length > MAX_MARKS && LONG_MARKS.test(text)
}

/** Returns whether the character at an index, or the end, has nothing to do with those before it. */
export function isBoundary(text: string, index: number): boolean {
  if (index >= text.length) return true
  const unit = text.charCodeAt(index)
  if (unit >= 0xdc00 && unit < 0xe000) return false
  const point = text
    .slice(index, index + 2)
    .normalize('NFD')
    .codePointAt(0) as number
  return !/^\p{M}/u.test(String.fromCodePoint(point)) && !followers().has(point)
}

/**
 * Finds where two texts may be cut so that their rests compare as they do: at or before the first difference.
 *
 * @returns 0 where there is no such place near the difference
 */
export function commonBoundary(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  let end = 0
  while (end < length && a.charCodeAt(end) === b.charCodeAt(end)) end++
  const first = Math.max(end - MAX_BETWEEN, 0)
  while (end > first && !(isBoundary(a, end) && isBoundary(b, end))) end--
  return end === first ? 0 : end
}

let known: ReadonlySet<number> | undefined

/** The code points that may contract with those before them. */
function followers(): ReadonlySet<number> {
  known ??= new Set([...rootElements().contractions.values()].flat().flatMap(({ rest }) => rest))
  return known
}
