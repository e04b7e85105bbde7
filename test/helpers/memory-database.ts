import { asDatabaseName } from '../../protocol/database-name.ts'
import { Attachments } from '../../server/attachments/attachments.ts'
import { Catalog } from '../../server/database/catalog.ts'
import type { Database, DatabaseHooks } from '../../server/database/database.ts'
import { openMemoryStore, type Store } from '../../server/storage/store.ts'

export interface MemoryCatalog {
  readonly store: Store
  readonly catalog: Catalog
  close(): Promise<void>
}

/** All of the engine over a store in memory. */
export async function memoryCatalog(hooks: DatabaseHooks = {}): Promise<MemoryCatalog> {
  const store = await openMemoryStore()
  const attachments = await Attachments.open({
    store,
    directory: undefined,
    compressionLevel: () => undefined,
    maxSize: () => Infinity,
  })
  const catalog = new Catalog(store, attachments, hooks)
  return {
    store,
    catalog,
    close: async () => {
      await catalog.close()
      await attachments.close()
      await store.close()
    },
  }
}

/** A database in memory of its own. */
export async function memoryDatabase(): Promise<{ database: Database; close: () => Promise<void> }> {
  const engine = await memoryCatalog()
  const database = await engine.catalog.create(asDatabaseName('test'), { partitioned: false })
  return { database, close: () => engine.close() }
}
