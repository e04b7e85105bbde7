/**
 * Work in steps: a generator that yields after every few kilobytes of input and returns the result. Pure code has no
 * timers, so its caller decides what happens between two steps: nothing (`runSteps`), or a turn of the event loop for
 * others (`server/concurrency/time-slice.ts`).
 */
export type Steps<Result> = Generator<undefined, Result, undefined>

/** Bytes of input between two steps: at most some milliseconds of work. */
export const STEP_BYTES = 32 * 1024

/** Runs all steps without a pause. */
export function runSteps<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const next = steps.next()
    if (next.done === true) return next.value
  }
}
