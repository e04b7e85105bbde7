/** Milliseconds of a clock that processes of one machine share, finer than `Date.now()`. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
