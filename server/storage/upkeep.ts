import type { Store } from './store.ts'

export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/** What a store on disk offers beside the contract. */
interface DiskStore {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>
}

/** Has the store give back the room of what was removed, where it can be told to. */
export async function compactRange(store: Store, { gte, lt }: KeyRange): Promise<void> {
  if (isOnDisk(store)) await store.compactRange(gte, lt)
}

/** About how many bytes a range takes on disk; what was written lately does not count yet. 0 for a store in memory. */
export async function approximateSize(store: Store, { gte, lt }: KeyRange): Promise<number> {
  return isOnDisk(store) ? store.approximateSize(gte, lt) : 0
}

function isOnDisk(store: Store): store is Store & DiskStore {
  return 'compactRange' in store && 'approximateSize' in store
}
