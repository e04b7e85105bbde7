import type { Steps } from '../../protocol/steps.ts'

const SLICE_MS = 5

/** Loops that wait for their next slice, the one that waits longest first. */
const waiting: (() => void)[] = []

/**
 * Waits for the next slice. One loop goes on in each turn of the event loop: however many run at a time, a request waits
 * for one slice and not for one of each.
 */
function nextSlice(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve)
    if (waiting.length === 1) setImmediate(resumeFirst)
  })
}

function resumeFirst(): void {
  const resume = waiting.shift()
  if (waiting.length > 0) setImmediate(resumeFirst)
  resume?.()
}

/** For loops that may be long: tells when they have had the event loop for long enough, and lets others have it. */
export class TimeSlice {
  #end = performance.now() + SLICE_MS

  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** @throws the signal's reason, when nobody waits for the result any more */
  async pause(signal?: AbortSignal): Promise<void> {
    await nextSlice()
    signal?.throwIfAborted()
    this.#end = performance.now() + SLICE_MS
  }
}

/**
 * Runs work that is cut into steps; others have their turn whenever it has taken its time.
 *
 * @throws the signal's reason, and what the work throws
 */
export async function runInTurns<Result>(steps: Steps<Result>, signal?: AbortSignal): Promise<Result> {
  const slice = new TimeSlice()
  for (;;) {
    const next = steps.next()
    if (next.done === true) return next.value
    if (slice.isOver) await slice.pause(signal)
  }
}

/** Calls a function with each item in turn, and lets other work run whenever a time slice is used up. */
export async function inTurns<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const slice = new TimeSlice()
  for (const item of items) {
    await work(item)
    if (slice.isOver) await slice.pause()
  }
}

/** Maps items one after the other, and lets other work run whenever a time slice is used up. */
export async function mapInTurns<Item, Result>(
  items: Iterable<Item>,
  map: (item: Item) => Result | Promise<Result>,
): Promise<Result[]> {
  const slice = new TimeSlice()
  const results: Result[] = []
  for (const item of items) {
    const result = map(item)
    results.push(result instanceof Promise ? await result : result)
    if (slice.isOver) await slice.pause()
  }
  return results
}
