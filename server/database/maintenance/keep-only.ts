import { storedDatabaseRecords } from '../inspect.ts'
import { databaseNameKey } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'

/**
 * Takes all databases but one off the list of a store that nobody uses. Their documents stay where
 * they are, out of reach.
 *
 * @returns whether the store has that database; if not, nothing is changed
 */
export async function keepOnly(store: Store, database: string): Promise<boolean> {
  const names = []
  for await (const { name } of storedDatabaseRecords(store)) names.push(name)
  if (!names.includes(database)) return false
  const batch = store.batch()
  for (const name of names) if (name !== database) batch.del(databaseNameKey(name))
  await batch.write({ sync: true })
  return true
}
