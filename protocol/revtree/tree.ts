import { asRev, hashBytes } from '../revision.ts'
import type { Rev } from '../revision.ts'

/**
 * The revision tree: everything that a server remembers of the versions of one document.
 *
 * Each edit names the revision it was made on, so the revisions of a document form a tree. Where nobody edits
 * concurrently it is a line; where two servers edit apart, replication brings both lines together and they fork:
 *
 *       1-a ── 2-b ── 3-c          two leaves, 3-c and 2-d: a conflict; the winner is 3-c
 *          └── 2-d
 *
 * Histories are cut to a limit, so a branch may have lost its oldest revisions and no longer reach the first
 * generation, and two branches may have lost what joined them. A revision tree is therefore a forest, whose roots
 * each say at which generation they begin.
 *
 * ## How it is held
 *
 * As a flat table: four columns, one row for each revision, in depth-first order. Roots are ordered by generation,
 * then hash; children by hash. The order is all that is needed to know the shape: a row that is not a root is the
 * child of the nearest row above it whose generation is one less. There are no parent pointers to maintain, so
 * adding a revision is inserting a row, adding it to a line is pushing one, and walking a history is one scan
 * upwards. Nothing recurses: a history of ten thousand generations is a loop. The same revisions always give the
 * same table, in whatever order they came, and so the same bytes (codec.ts).
 *
 * Trees are immutable; what changes one returns another.
 *
 * ## Whose rules these are
 *
 * CouchDB's (couch_key_tree), where they surprise too, since a client sees them: which leaves conflict, what a purge
 * removes, where a cut history is joined to what is known. The surprises are told where they happen: merge.ts for
 * histories that overlap in the middle only, stem.ts for paths that stay longer than the limit.
 */
export class RevTree {
  /**
   * Generation of each row. Consecutive from a root down; may be 0, or negative where a history is longer than its
   * start.
   */
  readonly generations: readonly number[]
  readonly hashes: readonly string[]
  /** ROOT and DELETED of each row. */
  readonly flags: readonly number[]
  /** Body number of each row; 0 for a revision known by its place in a history only. */
  readonly bodies: readonly number[]

  constructor(
    generations: readonly number[],
    hashes: readonly string[],
    flags: readonly number[],
    bodies: readonly number[],
  ) {
    this.generations = generations
    this.hashes = hashes
    this.flags = flags
    this.bodies = bodies
  }
}

export const ROOT = 1
export const DELETED = 2

export const emptyTree = new RevTree([], [], [], [])

/** Stored data of one revision. `body`: number under which its body is stored, 0 when it is not. */
export interface RevValue {
  readonly deleted: boolean
  readonly body: number
}

/** A revision of a tree. */
export interface RevNode extends RevValue {
  readonly rev: Rev
}

export function nodeCount(tree: RevTree): number {
  return tree.hashes.length
}

/** The numbers of all bodies that the tree refers to. */
export function* bodies(tree: RevTree): Iterable<number> {
  for (const body of tree.bodies) if (body !== 0) yield body
}

export function isRoot(tree: RevTree, row: number): boolean {
  return (tree.flags[row]! & ROOT) !== 0
}

export function isLeaf(tree: RevTree, row: number): boolean {
  const next = row + 1
  return next >= tree.hashes.length || isRoot(tree, next) || tree.generations[next]! <= tree.generations[row]!
}

export function nodeAt(tree: RevTree, row: number): RevNode {
  return { rev: revAt(tree, row), deleted: (tree.flags[row]! & DELETED) !== 0, body: tree.bodies[row]! }
}

export function revAt(tree: RevTree, row: number): Rev {
  return asRev(`${tree.generations[row]!}-${tree.hashes[row]!}`)
}

/** The row after the last descendant of a row. */
export function endOfSubtree(tree: RevTree, row: number): number {
  const generation = tree.generations[row]!
  let end = row + 1
  while (end < tree.hashes.length && !isRoot(tree, end) && tree.generations[end]! > generation) end++
  return end
}

/** The row of each row's parent, -1 for roots. */
export function parentRows(tree: RevTree): Int32Array {
  const { generations } = tree
  const parents = new Int32Array(generations.length)
  const newest: number[] = []
  let start = 0
  for (let row = 0; row < generations.length; row++) {
    if (isRoot(tree, row)) start = generations[row]!
    const depth = generations[row]! - start
    parents[row] = depth === 0 ? -1 : newest[depth - 1]!
    newest[depth] = row
  }
  return parents
}

const HEX_HASH = /^[0-9a-f]{32}$/

/** Returns whether a hash is 32 hex digits, as CouchDB's own are, and not other text chosen by a client. */
export function isHexHash(hash: string): boolean {
  return hash.length === 32 && HEX_HASH.test(hash)
}

/**
 * The order of hashes: of the binaries that CouchDB holds, byte by byte, a prefix first. 32 hex digits are 16 bytes
 * there, any other hash is its UTF-8 text.
 */
export function compareHashes(a: string, b: string): number {
  if (a === b) return 0
  if (isHexHash(a) && isHexHash(b)) return a < b ? -1 : 1
  return Buffer.compare(hashBytes(a), hashBytes(b))
}
