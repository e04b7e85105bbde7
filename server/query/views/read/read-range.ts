import type { Entry, RangeOptions, Store } from '../../../storage/store.ts'

const AHEAD_BYTES = 1024 * 1024

/** The entries of a short range, in as few turns of the thread pool as can be. */
export function readRange(store: Store, range: RangeOptions): Promise<Entry[]> {
  return store.iterator({ ...range, highWaterMarkBytes: AHEAD_BYTES }).all()
}
