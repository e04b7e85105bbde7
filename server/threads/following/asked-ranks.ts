import type { Database } from '../../database/database.ts'
import type { Ranks } from '../../database/ranks/ranks.ts'
import type { StoreThread } from './store-thread.ts'

/** Ranks that the store thread counts; those of a moment a little before the snapshot that comes with them. */
export function askedRanks(database: Database, store: StoreThread): Ranks {
  const named = { name: database.name, number: database.record.number }
  return {
    documentsBefore: async key => {
      const before = await store.ask({ kind: 'documents_before', database: named, key: key.slice() })
      return { before: before as number, snapshot: database.snapshot() }
    },
    changesBefore: async seq => {
      const before = await store.ask({ kind: 'changes_before', database: named, seq })
      return { before: before as number, snapshot: database.snapshot() }
    },
  }
}
