import { leafBodies } from '../../../protocol/revtree/leaves.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import type { Commit } from './commit.ts'
import type { DocumentInCommit } from './uncommitted.ts'

/** A body that a merge stored. */
export interface WrittenBody {
  /** The number under which it is stored. */
  readonly body: number
  /** Bytes of the body and its attachments. */
  readonly size: number
}

/**
 * Bytes of a document's leaves and their attachments after its tree changed. Only leaves that came or went are looked
 * at; one that went before it was on disk counts until the database is compacted.
 *
 * @param written the new bodies
 */
export function documentSize(
  commit: Commit,
  before: DocumentInCommit | undefined,
  tree: RevTree,
  written: readonly WrittenBody[],
): number {
  const now = new Set(leafBodies(tree))
  const earlier = before === undefined ? [] : leafBodies(before.tree)
  const gone = earlier.filter(body => !now.has(body))
  let size = 0
  for (const one of written) if (now.has(one.body)) size += one.size
  if (before === undefined || (gone.length === 1 && earlier.length === 1)) return size
  return gone.reduce((sum, body) => sum - commit.bodies.sizeOfRemoved(body), size + before.size)
}
