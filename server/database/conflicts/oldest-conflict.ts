import { DatabaseKeys } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { conflictTimeRange, sinceOfTimeKey } from './conflict-index.ts'

/**
 * Returns the time at which the oldest conflict of a database came about, in milliseconds since 1970; undefined where no
 * document is in conflict.
 */
export async function oldestConflict(store: Store, database: number): Promise<number | undefined> {
  const [key] = await store.keys({ ...conflictTimeRange(new DatabaseKeys(database)), limit: 1 }).all()
  return key === undefined ? undefined : sinceOfTimeKey(key)
}
