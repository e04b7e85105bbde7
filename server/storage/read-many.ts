import type { Store } from './contract.ts'

/** So few are read in less time than a thread takes to be woken, where they are in memory. */
const FEW = 32

/** Longest time that reads may block the event loop; the rest goes to the thread pool. */
const MOST_MS = 1

/** The values of keys, undefined for those that are not there: a few on the event loop's thread, many in the thread pool. */
export async function readMany(store: Store, keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
  if (keys.length > FEW) return store.getMany(keys)
  const values: (Uint8Array | undefined)[] = []
  const end = performance.now() + MOST_MS
  for (const key of keys) {
    if (performance.now() > end) break
    values.push(store.getSync(key))
  }
  if (values.length === keys.length) return values
  return [...values, ...(await store.getMany(keys.slice(values.length)))]
}
