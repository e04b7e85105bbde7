import { leafBodies } from '../../../protocol/revtree/leaves.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import type { Commit } from './commit.ts'
import type { DocumentInCommit } from './uncommitted.ts'

/**
 * Bytes of a document's leaves and their attachments after its tree changed. Only leaves that came or went are looked
 * at; one that went before it was on disk counts until the database is compacted.
 *
 * @param written bytes of new bodies by their numbers
 */
export function documentSize(
  commit: Commit,
  before: DocumentInCommit | undefined,
  tree: RevTree,
  written: ReadonlyMap<number, number>,
): number {
  const now = new Set(leafBodies(tree))
  const earlier = before === undefined ? [] : leafBodies(before.tree)
  const gone = earlier.filter(body => !now.has(body))
  let size = 0
  for (const [body, bytes] of written) if (now.has(body)) size += bytes
  if (before === undefined || (gone.length === 1 && earlier.length === 1)) return size
  return gone.reduce((sum, body) => sum - commit.bodies.sizeOf(body), size + before.size)
}
