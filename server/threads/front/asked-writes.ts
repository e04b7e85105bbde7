import type { Database } from '../../database/database.ts'
import { packDocuments, type PackedOutcomes, unpackOutcomes } from '../packed-documents.ts'
import type { StoreThread } from './store-thread.ts'

/** Returns what has the store thread write documents of a database. */
export function askedWrites(
  { name, record }: Database,
  store: StoreThread,
): NonNullable<Database['writeElsewhere']> {
  const database = { name, number: record.number }
  return async (documents, { replicated, user }) => {
    const packed = packDocuments(documents)
    const question = { kind: 'write', database, documents: packed, replicated, user } as const
    const outcomes = await store.ask(question, [packed.bytes, packed.numbers.buffer as ArrayBuffer])
    return unpackOutcomes(documents, outcomes as PackedOutcomes)
  }
}
