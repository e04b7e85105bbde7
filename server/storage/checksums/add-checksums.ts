import type { Store } from '../contract.ts'
import { MARK } from '../durable/mark.ts'
import { metaKey } from '../keys.ts'
import { isChecked } from './checked-keys.ts'
import { withChecksum } from './checksum.ts'

/** Holds the last key whose value has its checksum, while a store is being migrated. */
const CURSOR = metaKey('migrated')

const ENTRIES_AT_A_TIME = 1000

/** Keys whose values stay without a checksum: the mark of the layer below, and the progress of this migration. */
const OWN = [MARK, CURSOR]

/**
 * Gives every value of a store of format 1 its checksum. A migration that was cut off goes on where it was: each batch
 * says how far it came.
 *
 * @param finish adds the new format to the last batch
 */
export async function addChecksums(
  store: Store,
  finish: (put: (key: Uint8Array, value: Uint8Array) => void) => void,
): Promise<void> {
  const gt = (await store.get(CURSOR)) ?? new Uint8Array(0)
  const entries = store.iterator({ gt })
  try {
    for (;;) {
      const found = await entries.nextv(ENTRIES_AT_A_TIME)
      const [last] = found.at(-1) ?? []
      if (last === undefined) break
      const batch = store.batch()
      for (const [key, value] of found) {
        if (isChecked(key) && !OWN.some(own => own.equals(key))) batch.put(key, withChecksum(key, value))
      }
      await batch.put(CURSOR, last).write()
    }
  } finally {
    await entries.close()
  }
  const batch = store.batch().del(CURSOR)
  finish((key, value) => batch.put(key, value))
  await batch.write({ sync: true })
}
