import type { Rev } from '../revision.ts'
import { rowOf } from './lookup.ts'
import { compareHashes, DELETED, endOfSubtree, isHexHash, isLeaf, isRoot, nodeAt } from './tree.ts'
import type { RevNode, RevTree } from './tree.ts'

/** A revision without descendants: a live one is a version of the document, several are a conflict. */
export type Leaf = RevNode

/**
 * All leaves, the winner first, then in the order in which they would win: live before deleted, then the higher
 * generation, then the greater hash (CouchDB: `couch_doc:to_doc_info_path/1`).
 */
export function leaves(tree: RevTree): readonly Leaf[] {
  if (tree.hashes.length <= SMALL) return sortedLeaves(tree)
  let known = leavesOfLarge.get(tree)
  if (known === undefined) leavesOfLarge.set(tree, (known = sortedLeaves(tree)))
  return known
}

/** A write asks several times for the leaves of the same tree. */
const leavesOfLarge = new WeakMap<RevTree, readonly Leaf[]>()

const SMALL = 64

/** Siblings are in order of their hashes, so that from the last to the first most are sorted already. */
function sortedLeaves(tree: RevTree): readonly Leaf[] {
  const { hashes } = tree
  const rows = leafRows(tree, 0, hashes.length)
  if (rows.length === 1) return [nodeAt(tree, rows[0]!)]
  const compare = hashes.length > SMALL && hashes.every(isHexHash) ? compareTexts : compareHashes
  return rows
    .reverse()
    .sort((a, b) => compareByVictory(tree, a, b, compare) || a - b)
    .map(row => nodeAt(tree, row))
}

/** Returns whether leaves, in the order of {@link leaves}, are a conflict: more than one is not deleted. */
export function isConflict(all: readonly Leaf[]): boolean {
  return all.length > 1 && all[1]?.deleted === false
}

/** As `compareHashes`, of two that are known to be 32 hex digits each. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** All leaves in tree order: of siblings, the lesser hash first (CouchDB: couch_key_tree:get_all_leafs/1). */
export function leavesInTreeOrder(tree: RevTree): readonly Leaf[] {
  return leafRows(tree, 0, tree.hashes.length).map(row => nodeAt(tree, row))
}

/** The body numbers of all leaves, in tree order. */
export function leafBodies(tree: RevTree): number[] {
  return leafRows(tree, 0, tree.hashes.length).map(row => tree.bodies[row]!)
}

/** The leaf that reads and `_changes` show. The tree must not be empty. */
export function winner(tree: RevTree): Leaf {
  let best = -1
  for (let row = 0; row < tree.hashes.length; row++) {
    if (isLeaf(tree, row) && (best === -1 || compareByVictory(tree, row, best) < 0)) best = row
  }
  return nodeAt(tree, best)
}

/** Returns whether there is a leaf that is no tombstone. */
export function hasLiveLeaf(tree: RevTree): boolean {
  return tree.flags.some((flags, row) => (flags & DELETED) === 0 && isLeaf(tree, row))
}

/** The leaves that descend from a revision, in tree order; the revision itself when it is one; none when unknown. */
export function leavesOf(tree: RevTree, rev: Rev): readonly Leaf[] {
  const row = rowOf(tree, rev)
  if (row === -1) return []
  return leafRows(tree, row, endOfSubtree(tree, row)).map(leaf => nodeAt(tree, leaf))
}

/** The rows of leaves in `[from, to)`. */
export function leafRows(tree: RevTree, from: number, to: number): number[] {
  const rows: number[] = []
  for (let row = from; row < to; row++) if (isLeaf(tree, row)) rows.push(row)
  return rows
}

function compareByVictory(tree: RevTree, a: number, b: number, compare = compareHashes): number {
  return (
    (tree.flags[a]! & DELETED) - (tree.flags[b]! & DELETED) ||
    tree.generations[b]! - tree.generations[a]! ||
    compare(tree.hashes[b]!, tree.hashes[a]!)
  )
}

/** Returns the first row of each root, followed by the number of all rows. */
export function rootBounds(tree: RevTree): number[] {
  const bounds: number[] = []
  for (let row = 0; row < tree.hashes.length; row++) if (isRoot(tree, row)) bounds.push(row)
  bounds.push(tree.hashes.length)
  return bounds
}
