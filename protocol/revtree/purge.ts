import type { Rev } from '../revision.ts'
import { leafRows, rootBounds } from './leaves.ts'
import { rebuild } from './rebuild.ts'
import { revAt } from './tree.ts'
import type { RevTree } from './tree.ts'

/**
 * Removes leaves, and the ancestors that no other leaf has, as if they had never been (CouchDB:
 * `couch_key_tree:remove_leafs/2`, `_purge`). Revisions that are no leaves are passed over. `removed` is in CouchDB's
 * order: root by root, in each from the last leaf to the first.
 */
export function removeLeaves(tree: RevTree, revs: readonly Rev[]): { tree: RevTree; removed: Rev[] } {
  const wanted = new Map<Rev, number>()
  for (const rev of revs) wanted.set(rev, (wanted.get(rev) ?? 0) + 1)
  const removed: Rev[] = []
  const kept: number[] = []
  // The youngest root first: where two share a leaf, one mention of it removes that of the younger root.
  for (const row of leavesFromTheLastRoot(tree)) {
    const rev = revAt(tree, row)
    const times = wanted.get(rev) ?? 0
    if (times === 0) {
      kept.push(row)
    } else {
      wanted.set(rev, times - 1)
      removed.push(rev)
    }
  }
  if (removed.length === 0) return { tree, removed }
  return { tree: rebuild(tree, kept, Infinity), removed: removed.reverse() }
}

function leavesFromTheLastRoot(tree: RevTree): number[] {
  const rows: number[] = []
  const bounds = rootBounds(tree)
  for (let root = bounds.length - 2; root >= 0; root--) {
    rows.push(...leafRows(tree, bounds[root]!, bounds[root + 1]!))
  }
  return rows
}
