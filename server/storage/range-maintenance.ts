import type { Store } from './store.ts'

export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/**
 * Frees the disk space of removed entries of a range; does nothing for a store in memory.
 *
 * LevelDB merges a range down to the deepest level that has files, and leaves a file alone that lies there already, with
 * all that was removed within it. So two keys that do not exist are removed first: their table, which goes over the
 * whole range, is merged with everything below it.
 *
 * @param ends two keys that never exist: the first of the range, or shortly behind, and the last, or shortly before
 */
export async function compactRange(
  store: Store,
  { gte, lt }: KeyRange,
  ends: readonly [Uint8Array, Uint8Array],
): Promise<void> {
  if (store.compactRange === undefined) return
  await store.batch().del(ends[0]).del(ends[1]).write()
  await store.compactRange(gte, lt)
}

/** A range that takes less on disk is left to LevelDB's own merging when it is cleared. */
const MIN_RECLAIM_BYTES = 1024 * 1024

/** Removes all entries of a range, whose bounds are no keys any more, and frees their disk space if it is much. */
export async function clearRange(store: Store, range: KeyRange): Promise<void> {
  const isLarge = (await approximateSize(store, range)) > MIN_RECLAIM_BYTES
  await store.clear(range)
  if (isLarge) await compactRange(store, range, [range.gte, range.lt])
}

/** Bytes behind a whole key: keys of numbers and UTF-8 text never go on with them. */
const BEHIND = Uint8Array.of(0xff)

/** The key that would come right behind an existing one, and never exists where keys are text or of a fixed length. */
export function keyAfter(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, BEHIND])
}

/** About how many bytes a range takes on disk; what was written lately does not count yet. 0 for a store in memory. */
export async function approximateSize(store: Store, { gte, lt }: KeyRange): Promise<number> {
  return (await store.approximateSize?.(gte, lt)) ?? 0
}
