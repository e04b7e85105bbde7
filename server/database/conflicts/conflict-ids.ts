import type { DocId } from '../../../protocol/document-id.ts'
import type { DatabaseReader } from '../reading/database-reader.ts'
import { STORAGE } from '../storage-of.ts'
import { conflictKey, conflictRange, idOfConflictKey } from './conflict-index.ts'

/** Returns the next documents in conflict behind an id, in the order of ids, as many or fewer; none at the end. */
export async function conflictIdsAfter(
  database: DatabaseReader,
  after: DocId | undefined,
  count: number,
): Promise<DocId[]> {
  const { store, keys } = database[STORAGE]
  const { gte, lt } = conflictRange(keys)
  const range = after === undefined ? { gte, lt } : { gt: conflictKey(keys, after), lt }
  return (await store.keys({ ...range, limit: count }).all()).map(idOfConflictKey)
}
