import { makeRev } from '../../../protocol/revision.ts'
import { findRev } from '../../../protocol/revtree/history.ts'
import { leaves } from '../../../protocol/revtree/leaves.ts'
import { emptyTree, type RevTree } from '../../../protocol/revtree/tree.ts'
import type { DocumentEdit, ValidatedDocument } from '../documents/edit.ts'

/**
 * The place that an edit takes in the tree of its document:
 * - `new`: there is no document yet
 * - `known`: the revision is there already, nothing changes
 * - `winner`: it replaces the winning leaf, and no other live leaf competes with it
 * - `branch`: anything else; the document has, or may get, several leaves that compete
 */
export type EditPlacement = 'new' | 'known' | 'winner' | 'branch'

/** Returns the place of an edit. An ordinary edit without a parent recreates a deleted document over its tombstone. */
export function placementOf({ edit, document, replicated }: ValidatedDocument): EditPlacement {
  const tree = document?.tree ?? emptyTree
  const [winner, next] = leaves(tree)
  if (winner === undefined) return 'new'
  if (replicated && isKnown(tree, edit)) return 'known'
  if (next !== undefined && !next.deleted) return 'branch'
  if (!replicated && edit.revs.hashes.length === 0) return 'winner'
  const replaced = nearestKnown(tree, edit, replicated)
  return replaced === winner.rev ? 'winner' : 'branch'
}

function isKnown(tree: RevTree, { revs }: DocumentEdit): boolean {
  return findRev(tree, makeRev(revs.start, revs.hashes[0] ?? '')) !== undefined
}

/** The newest given ancestor that the tree holds. */
function nearestKnown(tree: RevTree, { revs }: DocumentEdit, replicated: boolean): string | undefined {
  const given = revs.hashes.map((hash, back) => makeRev(revs.start - back, hash))
  return given.slice(replicated ? 1 : 0).find(rev => findRev(tree, rev) !== undefined)
}
