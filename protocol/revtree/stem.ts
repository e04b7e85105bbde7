import { leafRows } from './leaves.ts'
import { rebuild } from './rebuild.ts'
import { compareRoots, pickRows, sliceRows } from './rows.ts'
import { parentRows, ROOT, RevTree } from './tree.ts'

/**
 * Cuts histories to a limit (CouchDB: `couch_key_tree:stem/2`, `_revs_limit`). `limit` is at least 1.
 *
 * A revision stays while it is among the `limit` newest of any leaf's history, so a longer branch keeps what a
 * shorter sibling needs. To a limit of 2:
 *
 *       1-a ── 2-b                     1-a ── 2-b
 *          └── 2-c ── 3-d                 └── 2-c ── 3-d      3-d keeps three
 *
 *       1-a ── 2-b ── 3-c ── 4-d           3-c ── 4-d         2-b goes, and what it joined is two roots
 *          └── 2-e                     1-a ── 2-e
 *
 * A tree of several leaves in which a hash occurs twice is rebuilt from its leaves' cut histories, as
 * CouchDB repairs it. That is what joins roots that came to share revisions, and there a limit cuts each history by
 * itself.
 */
export function stem(tree: RevTree, limit: number): RevTree {
  const leaf = leafRows(tree, 0, tree.hashes.length)
  if (leaf.length > 1 && new Set(tree.hashes).size < tree.hashes.length) return rebuild(tree, leaf, limit)
  if (tree.hashes.length <= limit || isWithin(tree, limit)) return tree
  if (leaf.length === 1) return newestOfLine(tree, limit)
  return keepRows(tree, nearLeaf(tree, leaf, limit))
}

/** Returns whether no history is longer than the limit. */
function isWithin({ generations, flags }: RevTree, limit: number): boolean {
  let end = 0
  for (let row = 0; row < generations.length; row++) {
    if ((flags[row]! & ROOT) !== 0) end = generations[row]! + limit
    if (generations[row]! >= end) return false
  }
  return true
}

function newestOfLine(tree: RevTree, limit: number): RevTree {
  const newest = sliceRows(tree, tree.hashes.length - limit, tree.hashes.length)
  const flags = newest.flags.slice()
  flags[0]! |= ROOT
  return new RevTree(newest.generations, newest.hashes, flags, newest.bodies)
}

/** Returns for each row whether it is among the `limit` newest revisions of some leaf. */
function nearLeaf(tree: RevTree, leaf: readonly number[], limit: number): (row: number) => boolean {
  const parents = parentRows(tree)
  const distances = new Float64Array(tree.hashes.length).fill(Infinity)
  for (const row of leaf) distances[row] = 0
  for (let row = tree.hashes.length - 1; row >= 0; row--) {
    const parent = parents[row]!
    if (parent >= 0) distances[parent] = Math.min(distances[parent]!, distances[row]! + 1)
  }
  return row => distances[row]! < limit
}

/** The tree of some of a tree's rows. A row whose parent goes becomes a root. */
function keepRows(tree: RevTree, keeps: (row: number) => boolean): RevTree {
  const parents = parentRows(tree)
  const groupOf: (number[] | undefined)[] = []
  const groups: number[][] = []
  let kept = 0
  for (let row = 0; row < tree.hashes.length; row++) {
    if (!keeps(row)) continue
    kept++
    const group = groupOf[parents[row]!] ?? newGroup(groups)
    group.push(row)
    groupOf[row] = group
  }
  if (kept === tree.hashes.length) return tree
  groups.sort((a, b) => compareRoots(tree, a[0]!, tree, b[0]!))
  return pickRows(tree, groups)
}

function newGroup(groups: number[][]): number[] {
  const group: number[] = []
  groups.push(group)
  return group
}
