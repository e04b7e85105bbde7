import type { Store } from './store.ts'

export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/** Has the store give back the room of what was removed, where it can be told to. */
export async function compactRange(store: Store, { gte, lt }: KeyRange): Promise<void> {
  await store.compactRange?.(gte, lt)
}

/** About how many bytes a range takes on disk; what was written lately does not count yet. 0 for a store in memory. */
export async function approximateSize(store: Store, { gte, lt }: KeyRange): Promise<number> {
  return (await store.approximateSize?.(gte, lt)) ?? 0
}
