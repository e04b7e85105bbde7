import type { Rev } from '../revision.ts'
import { lineage, rowOf } from './lookup.ts'
import { DELETED, endOfSubtree, isLeaf, nodeAt } from './tree.ts'
import type { RevNode, RevTree } from './tree.ts'

/** A revision found in a tree. */
export interface FoundRev extends RevNode {
  readonly isLeaf: boolean
}

/** Looks a revision up; undefined when the tree does not know it. */
export function findRev(tree: RevTree, rev: Rev): FoundRev | undefined {
  const row = rowOf(tree, rev)
  return row === -1 ? undefined : { ...nodeAt(tree, row), isLeaf: isLeaf(tree, row) }
}

/**
 * A revision and its ancestors as `_revisions` shows them, newest first; undefined when it is not known. `limit`: the
 * database's `_revs_limit`. CouchDB cuts `_revisions` to it, since a history can be longer (stem.ts), but not
 * `_revs_info`.
 */
export function history(
  tree: RevTree,
  rev: Rev,
  limit = Infinity,
): { start: number; ids: string[] } | undefined {
  const row = rowOf(tree, rev)
  if (row === -1) return undefined
  const rows = lineage(tree, row)
  const shown = rows.length > limit ? rows.slice(0, limit) : rows
  return { start: tree.generations[rows[0]!]!, ids: shown.map(row => tree.hashes[row]!) }
}

/** A revision and its ancestors, newest first, for `_revs_info`; empty when it is not known. */
export function historyNodes(tree: RevTree, rev: Rev): readonly RevNode[] {
  return lineage(tree, rowOf(tree, rev)).map(row => nodeAt(tree, row))
}

/** Returns the newest revision that all leaves descend from that are not deleted; undefined where there is none. */
export function commonAncestor(tree: RevTree): RevNode | undefined {
  let [first, last] = [-1, -1]
  for (let row = 0; row < tree.hashes.length; row++) {
    if (!isLeaf(tree, row) || (tree.flags[row]! & DELETED) !== 0) continue
    if (first < 0) first = row
    last = row
  }
  if (first < 0) return undefined
  // What descends from a revision stands right behind it.
  const found = lineage(tree, first).find(row => endOfSubtree(tree, row) > last)
  return found === undefined ? undefined : nodeAt(tree, found)
}
