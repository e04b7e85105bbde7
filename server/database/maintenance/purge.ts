import type { Rev } from '../../../protocol/revision.ts'
import type { PurgeRequest } from '../commit/write-request.ts'
import type { WritableDatabase } from './writable-database.ts'

/**
 * Forgets leaves for good, with all that led to them alone (CouchDB: couch_db_updater:purge_docs/2). Each document's
 * request takes a purge sequence and is kept in the purge log, also where there was nothing to forget.
 *
 * @returns the revisions that were there, for each request
 */
export async function purge(
  database: WritableDatabase,
  requests: readonly PurgeRequest[],
): Promise<readonly Rev[][]> {
  const purged = await database.write({ kind: 'purge', requests })
  await database.releaseAttachments()
  return purged
}
