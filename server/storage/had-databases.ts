import type { Store } from './contract.ts'
import { databaseNameRange, metaKey } from './keys.ts'

/** Returns whether a database was ever made in a store. */
export async function hadDatabases(store: Store): Promise<boolean> {
  if ((await store.get(metaKey('next'))) !== undefined) return true
  return (await store.keys({ ...databaseNameRange, limit: 1 }).all()).length > 0
}
