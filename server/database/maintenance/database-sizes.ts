import { approximateSize } from '../../storage/range-maintenance.ts'
import type { DatabaseStorage } from '../storage-of.ts'
import type { DatabaseState } from '../state.ts'

/** About what a document's record, changes row and keys take beside its body. */
export const DOCUMENT_OVERHEAD = 200

/** About what a database takes beside its documents. */
const DATABASE_OVERHEAD = 4096

export interface DatabaseSizes {
  readonly file: number
  readonly external: number
  readonly active: number
}

/**
 * Returns bytes: `external`, the leaves' JSON and attachments; `active`, what of the file is in use, by estimate; `file`,
 * what the database takes on disk without its indexes: the bodies that only compaction removes count, also while they
 * are not in LevelDB's tables yet.
 */
export async function databaseSizes(
  { store, keys }: DatabaseStorage,
  { externalSize, storedSize, docs, deletedDocs }: DatabaseState,
): Promise<DatabaseSizes> {
  const overhead = (docs + deletedDocs) * DOCUMENT_OVERHEAD
  const active = externalSize + overhead
  const onDisk = await approximateSize(store, keys.withoutIndexes())
  const file = Math.max(onDisk, storedSize + overhead, active) + DATABASE_OVERHEAD
  return { file, external: externalSize, active }
}
