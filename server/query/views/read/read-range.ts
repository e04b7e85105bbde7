import type { StoreEntry, RangeOptions, IndexStore } from '../../../database/indexes/index-store.ts'

const AHEAD_BYTES = 1024 * 1024

/** The entries of a short range, in as few turns of the thread pool as can be. */
export function readRange(store: IndexStore, range: RangeOptions): Promise<StoreEntry[]> {
  return store.iterator({ ...range, highWaterMarkBytes: AHEAD_BYTES }).all()
}
