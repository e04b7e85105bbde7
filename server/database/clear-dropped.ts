import { DatabaseKeys, databaseOfDroppedKey, droppedRange } from '../storage/keys.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import { clearRange } from '../storage/range-maintenance.ts'
import type { SharedStorage } from './shared-storage.ts'

function onlyDamage(error: unknown): undefined {
  if (error instanceof DamagedValueError) return undefined
  throw error
}

/** Deletes what dropped databases left, one after the other. What is cut off by a crash is taken up at the next start. */
export async function clearDropped({
  store,
  attachments,
}: Pick<SharedStorage, 'store' | 'attachments'>): Promise<void> {
  for (const key of await store.keys(droppedRange).all()) {
    // The checksum of the value proves the key: a changed one would name a database that exists.
    if ((await store.get(key).catch(onlyDamage)) === undefined) continue
    const number = databaseOfDroppedKey(key)
    await attachments.forgetDatabase(number)
    await clearRange(store, new DatabaseKeys(number).all())
    await store.del(key)
  }
}
