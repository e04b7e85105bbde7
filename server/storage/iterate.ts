import type { StoreIterator } from './contract.ts'

const ENTRIES_AT_A_TIME = 100

/** Iterates over what an iterator gives, some of it at a time, and closes it at the end. */
export async function* iterate<T>(
  iterator: Pick<StoreIterator<T>, 'nextv' | 'close'>,
): AsyncGenerator<T, void, undefined> {
  try {
    for (;;) {
      const found = await iterator.nextv(ENTRIES_AT_A_TIME)
      if (found.length === 0) return
      yield* found
    }
  } finally {
    await iterator.close()
  }
}
