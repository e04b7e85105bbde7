/**
 * A delta is what makes a text of another one, its base, both bytes. Numbers are 32 bits, big-endian:
 *
 *     byte     1, the version of this format
 *     number   length of the result
 *     parts    of the result, in order; each is two numbers:
 *              length, offset       so many bytes of the base from that offset
 *              length, 0xffffffff   so many bytes that follow here
 */
export const VERSION = 1
export const HEAD_BYTES = 5
export const PART_BYTES = 8
export const LITERAL = 0xffff_ffff

/** A result is at most so many times as long as base and delta: a delta of a few bytes cannot fill the memory. */
const MOST_GROWTH = 8

/** Returns the most bytes that a delta may make of its base. */
export function mostResult(base: number, delta: number): number {
  return MOST_GROWTH * (base + delta)
}
