import { asDatabaseName } from '../../protocol/database-name.ts'
import { Attachments } from '../../server/attachments/attachments.ts'
import { Catalog } from '../../server/database/catalog.ts'
import type { Database, DatabaseHooks } from '../../server/database/database.ts'
import { openMemoryStore, type Store } from '../../server/storage/store.ts'

export interface MemoryCatalog {
  readonly store: Store
  readonly catalog: Catalog
  readonly attachments: Attachments
  close(): Promise<void>
}

export interface MemoryOptions {
  /** Directory for files of large attachments. Default: they are in memory, too. */
  readonly directory?: string | undefined
  /** True for a node of a cluster. */
  readonly isShared?: boolean
  /** A store that outlived another catalog over it. Default: a new one. */
  readonly store?: Store
}

/** All of the engine over a store in memory. */
export async function memoryCatalog(
  hooks: DatabaseHooks = {},
  { directory, isShared = false, store: given }: MemoryOptions = {},
): Promise<MemoryCatalog> {
  const store = given ?? (await openMemoryStore())
  const attachments = await Attachments.open({
    store,
    directory,
    isShared,
    compressionLevel: () => undefined,
    maxSize: () => Infinity,
  })
  const catalog = new Catalog(store, attachments, hooks)
  return {
    store,
    catalog,
    attachments,
    close: async () => {
      await catalog.close()
      await attachments.close()
      if (given === undefined) await store.close()
    },
  }
}

/** A database in memory of its own. */
export async function memoryDatabase(): Promise<{ database: Database; close: () => Promise<void> }> {
  const engine = await memoryCatalog()
  const database = await engine.catalog.create(asDatabaseName('test'), { partitioned: false })
  return { database, close: () => engine.close() }
}
