import type { Suspended } from '../../protocol/selector/pattern-matches.ts'
import type { TimeSlice } from './time-slice.ts'

/**
 * Waits for a selector's verdict, and lets others have the event loop meanwhile.
 *
 * @throws the signal's reason; `bad_request` when the patterns take too long
 */
export async function settled(
  verdict: boolean | Suspended,
  slice: TimeSlice,
  signal?: AbortSignal,
): Promise<boolean> {
  let result = verdict
  while (typeof result !== 'boolean') {
    await slice.pause(signal)
    result = result.resume()
  }
  return result
}
