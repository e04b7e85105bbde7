/** Pieces that are compared as a whole before single bytes are. */
const PIECE_BYTES = 4096

/** Returns how many bytes are equal from an offset of each on. */
export function commonStart(a: Buffer, fromA: number, b: Buffer, fromB: number): number {
  const most = Math.min(a.length - fromA, b.length - fromB)
  let equal = 0
  // A short look first: most matches end soon.
  while (equal < most && equal < 64 && a[fromA + equal] === b[fromB + equal]) equal++
  if (equal < 64) return equal
  while (equal + PIECE_BYTES <= most && isEqual(a, fromA + equal, b, fromB + equal)) equal += PIECE_BYTES
  while (equal < most && a[fromA + equal] === b[fromB + equal]) equal++
  return equal
}

/** Returns how many bytes are equal before an offset of each, `most` at most. */
export function commonEnd(a: Buffer, endA: number, b: Buffer, endB: number, most: number): number {
  let equal = 0
  while (equal + PIECE_BYTES <= most && isEqual(a, endA - equal - PIECE_BYTES, b, endB - equal - PIECE_BYTES))
    equal += PIECE_BYTES
  while (equal < most && a[endA - equal - 1] === b[endB - equal - 1]) equal++
  return equal
}

function isEqual(a: Buffer, fromA: number, b: Buffer, fromB: number): boolean {
  return a.compare(b, fromB, fromB + PIECE_BYTES, fromA, fromA + PIECE_BYTES) === 0
}
