import { setImmediate } from 'node:timers/promises'

const SLICE_MS = 10

/** For loops that may be long: tells when they have had the event loop for long enough, and lets others have it. */
export class TimeSlice {
  #end = performance.now() + SLICE_MS

  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** @throws the signal's reason, when nobody waits for the result any more */
  async pause(signal?: AbortSignal): Promise<void> {
    await setImmediate()
    signal?.throwIfAborted()
    this.#end = performance.now() + SLICE_MS
  }
}
