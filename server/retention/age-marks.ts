import type { AgeMark } from '../database/retention/retention-state.ts'

/** Marks that an age is divided into: tombstones go at most so small a part of their age late. */
const MARKS_IN_AN_AGE = 64

/**
 * Adds the present moment to the marks, and leaves out those that no age needs any more.
 *
 * A clock that was set back makes marks of the future: they count as of now, so that nothing is older than it is known to be.
 *
 * @param now milliseconds since 1970
 * @param ages that are asked for, in milliseconds
 */
export function markNow(
  marks: readonly AgeMark[],
  now: number,
  seq: number,
  ages: readonly number[],
): readonly AgeMark[] {
  const known = marks.map(([ms, at]): AgeMark => [Math.min(ms, now), at])
  const last = known.at(-1)
  const spacing = Math.min(...ages) / MARKS_IN_AN_AGE
  const isNew = last === undefined || (seq > last[1] && now - last[0] >= spacing)
  const all: readonly AgeMark[] = isNew ? [...known, [now, seq]] : known
  const oldest = now - Math.max(...ages)
  const needed = all.findLastIndex(([ms]) => ms <= oldest)
  return needed > 0 ? all.slice(needed) : all
}

/** Returns the sequence up to which changes are known to be older than an age in milliseconds; 0 where none is. */
export function seqOlderThan(marks: readonly AgeMark[], now: number, age: number): number {
  return marks.findLast(([ms]) => now - ms >= age)?.[1] ?? 0
}
