import type { Rev } from '../../../protocol/revision.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { removeLeaves } from '../../../protocol/revtree/purge.ts'
import { nodeCount } from '../../../protocol/revtree/tree.ts'
import type { Commit } from '../commit/commit.ts'
import type { WritableDatabase } from './writable-database.ts'
import { documentSize } from '../commit/document-size.ts'
import { deleteUnreferencedBodies } from '../commit/delete-unreferenced-bodies.ts'
import type { PurgeRequest } from '../commit/write-request.ts'

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

/** Purges in a commit. */
export function applyPurge(commit: Commit, requests: readonly PurgeRequest[]): Rev[][] {
  const { seq } = commit.state
  const purged = requests.map(request => {
    commit.state.purgeSeq += 1
    commit.logPurge(Buffer.from(JSON.stringify(request)))
    return forget(commit, request)
  })
  // Who follows the database has to learn of a purge also where no document is left to tell it.
  if (commit.state.seq === seq) commit.state.seq += 1
  return purged
}

const NOTHING_WRITTEN: ReadonlyMap<number, number> = new Map()

function forget(commit: Commit, { id, revs }: PurgeRequest): Rev[] {
  const document = commit.document(id)
  if (document === undefined) return []
  const { tree, removed } = removeLeaves(document.tree, revs)
  if (removed.length === 0) return []
  deleteUnreferencedBodies(commit, document.tree, tree)
  if (nodeCount(tree) === 0) commit.remove(id)
  else commit.change(id, tree, leaves(tree), documentSize(commit, document, tree, NOTHING_WRITTEN))
  return removed
}
