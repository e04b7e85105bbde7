import { compareRoots, concat, endOfRoot, sliceRows } from './rows.ts'
import { compareHashes, DELETED, isRoot, ROOT, RevTree } from './tree.ts'
import type { RevValue } from './tree.ts'

/** A revision with its ancestors, as a client sends them. */
export interface RevPath {
  /** Generation of the newest. */
  readonly start: number
  /** Newest first, like `_revisions`; at least one. */
  readonly hashes: readonly string[]
  /** Stored data of the newest revision; of the others only the ids are known. */
  readonly value: RevValue
}

/**
 * `new_leaf`: a leaf was extended, or the tree was empty. `new_branch`: the path forks off, or is a root of its own.
 * `internal_node`: its newest revision was known.
 */
export type MergeOutcome = 'new_leaf' | 'new_branch' | 'internal_node'

/** A path that brings what is stored for the older ones too, newest first like the hashes. */
export interface StoredPath extends RevPath {
  readonly values?: readonly RevValue[]
}

export interface Merged {
  readonly tree: RevTree
  readonly outcome: MergeOutcome
}

/**
 * Adds a path to a tree (CouchDB: `couch_key_tree:merge/2`).
 *
 * The two are joined where the older of them begins to overlap the younger, and nowhere else. A path whose oldest
 * revision is unknown becomes a root of its own, even when it shares younger revisions with the tree; a root whose
 * oldest revision is in the path gets the path's older ones in front. Roots are tried in order and the first that
 * fits is taken, so that two roots may come to share revisions, until a stemming or a purge joins them (stem.ts).
 *
 * Paths that reach the same first revision give the same tree in any order. Cut ones may not: `2-b 3-c` and then
 * `1-a 2-b` gives `1-a 2-b 3-c`, while `1-a` `2-b 3-c` `1-a 2-b` leaves the root `2-b` beside `1-a 2-b`.
 *
 * A known revision whose body is not stored takes the value that arrives; a stored one keeps its own.
 */
export function mergePath(tree: RevTree, path: StoredPath): Merged {
  if (tree.hashes.length === 0) return { tree: lineOf(path), outcome: 'new_leaf' }
  const meeting = findMeeting(tree, path)
  if (meeting === -1) return { tree: addRoot(tree, lineOf(path)), outcome: 'new_branch' }
  const extended = extendFrom(tree, meeting, path)
  if (!isRoot(tree, meeting) || oldestOf(path) >= tree.generations[meeting]!) return extended
  return { tree: putInFront(extended.tree, meeting, path), outcome: extended.outcome }
}

const NOT_STORED: RevValue = { deleted: false, body: 0 }

/** Data that a path has for the revision of one of its generations. */
export function valueOf(path: StoredPath, generation: number): RevValue {
  return generation === path.start ? path.value : (path.values?.[path.start - generation] ?? NOT_STORED)
}

/** The generation of a path's oldest revision. */
export function oldestOf(path: RevPath): number {
  return path.start - path.hashes.length + 1
}

/** The row where tree and path are joined: where, of a root and the path, the one that begins later begins. */
function findMeeting(tree: RevTree, path: RevPath): number {
  const { generations, hashes } = tree
  const { start } = path
  const oldest = oldestOf(path)
  let meetAt = oldest
  for (let row = 0; row < hashes.length; row++) {
    const generation = generations[row]!
    if (isRoot(tree, row)) meetAt = Math.max(generation, oldest)
    if (generation === meetAt && generation <= start && hashes[row] === path.hashes[start - generation]) {
      return row
    }
  }
  return -1
}

/** Follows the path down from a row that both know, in one scan, and inserts what is left of it. */
function extendFrom(tree: RevTree, meeting: number, path: StoredPath): Merged {
  const { generations, hashes } = tree
  const { start } = path
  let node = meeting
  let generation = generations[meeting]!
  let known = giveValue(tree, meeting, path, generation)
  let children: number[] = []
  let row = node + 1
  while (generation < start && row < hashes.length && !isRoot(tree, row) && generations[row]! > generation) {
    if (hashes[row] === path.hashes[start - generation - 1] && generations[row] === generation + 1) {
      node = row
      generation++
      known = giveValue(known, node, path, generation)
      children = []
    } else if (generations[row] === generation + 1) children.push(row)
    row++
  }
  if (generation === start) return { tree: known, outcome: 'internal_node' }
  const next = path.hashes[start - generation - 1]!
  row = children[placeAmong(children, child => compareHashes(hashes[child]!, next))] ?? row
  const outcome = row === node + 1 && isEndOfLine(tree, row, generation) ? 'new_leaf' : 'new_branch'
  return { tree: insertAt(known, row, path, generation + 1), outcome }
}

/** Returns whether a node is a leaf: the next row is not its child. */
function isEndOfLine(tree: RevTree, row: number, generation: number): boolean {
  return row >= tree.hashes.length || isRoot(tree, row) || tree.generations[row]! <= generation
}

function giveValue(tree: RevTree, row: number, path: StoredPath, generation: number): RevTree {
  const value = valueOf(path, generation)
  if (tree.bodies[row] !== 0 || (value.body === 0 && !value.deleted)) return tree
  const flags = tree.flags.slice()
  const bodies = tree.bodies.slice()
  flags[row] = (flags[row]! & ROOT) | (value.deleted ? DELETED : 0)
  bodies[row] = value.body
  return new RevTree(tree.generations, tree.hashes, flags, bodies)
}

/** Inserts the path's revisions from a generation up to its newest before a row. */
function insertAt(tree: RevTree, row: number, path: StoredPath, from: number): RevTree {
  const generations = tree.generations.slice(0, row)
  const hashes = tree.hashes.slice(0, row)
  const flags = tree.flags.slice(0, row)
  const bodies = tree.bodies.slice(0, row)
  for (let generation = from; generation <= path.start; generation++) {
    const value = valueOf(path, generation)
    generations.push(generation)
    hashes.push(path.hashes[path.start - generation]!)
    flags.push(value.deleted ? DELETED : 0)
    bodies.push(value.body)
  }
  const inserted = new RevTree(generations, hashes, flags, bodies)
  return row === tree.hashes.length ? inserted : concat([inserted, sliceRows(tree, row, tree.hashes.length)])
}

function lineOf(path: StoredPath): RevTree {
  const oldest = oldestOf(path)
  const { deleted, body } = valueOf(path, oldest)
  const hash = path.hashes[path.hashes.length - 1]!
  const root = new RevTree([oldest], [hash], [deleted ? ROOT | DELETED : ROOT], [body])
  return oldest === path.start ? root : insertAt(root, 1, path, oldest + 1)
}

/** Puts the path's revisions that are older than a root in front of it. */
function putInFront(tree: RevTree, root: number, path: StoredPath): RevTree {
  const younger = path.start - tree.generations[root]! + 1
  const front = lineOf({
    start: tree.generations[root]! - 1,
    hashes: path.hashes.slice(younger),
    value: path.values?.[younger] ?? NOT_STORED,
    values: path.values?.slice(younger) ?? [],
  })
  const end = endOfRoot(tree, root)
  const own = sliceRows(tree, root, end)
  const flags = own.flags.slice()
  flags[0]! &= ~ROOT
  const longer = concat([front, new RevTree(own.generations, own.hashes, flags, own.bodies)])
  const others = concat([sliceRows(tree, 0, root), sliceRows(tree, end, tree.hashes.length)])
  return addRoot(others, longer)
}

/** Adds a tree of one root to others at its place in their order. */
function addRoot(others: RevTree, added: RevTree): RevTree {
  const end = others.hashes.length
  const roots: number[] = []
  for (let row = 0; row < end; row++) if (isRoot(others, row)) roots.push(row)
  const row = roots[placeAmong(roots, root => compareRoots(others, root, added, 0))] ?? end
  return concat([sliceRows(others, 0, row), added, sliceRows(others, row, end)])
}

/** The place of the first of sorted rows that comes behind what they are compared with. */
function placeAmong(rows: readonly number[], compare: (row: number) => number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(rows[middle]!) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
