import type { Database } from '../../database/database.ts'
import { unpackOutcomes } from '../packed-documents.ts'
import type { StoreThread } from './store-thread.ts'

/** Returns what has the store thread write documents of a database. */
export function askedWrites(
  { name, record }: Database,
  store: StoreThread,
): NonNullable<Database['writeElsewhere']> {
  const database = { name, number: record.number }
  return async (documents, { replicated, user }) =>
    unpackOutcomes(documents, await store.write(documents, { database, replicated, user }))
}
