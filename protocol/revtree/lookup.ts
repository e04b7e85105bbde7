import { generationOf, hashOf } from '../revision.ts'
import type { Rev } from '../revision.ts'
import { parentRows, revAt } from './tree.ts'
import type { RevTree } from './tree.ts'

/** Positions found by earlier lookups in a tree, which make looking up all of its revisions linear. */
interface Asked {
  scans: number
  rows?: Map<Rev, number>
  parents?: Int32Array
}

/** A scan is faster than an index for the first few revisions, and of small trees for all. */
const MAX_SCANS = 4
const SMALL = 64

const asked = new WeakMap<RevTree, Asked>()

/** The row of a revision, -1 when it is not in the tree; the first where roots share it, as CouchDB finds it. */
export function rowOf(tree: RevTree, rev: Rev): number {
  if (tree.hashes.length <= SMALL) return scan(tree, rev)
  const memory = memoryOf(tree)
  if (memory.rows === undefined && memory.scans++ < MAX_SCANS) return scan(tree, rev)
  memory.rows ??= indexRows(tree)
  return memory.rows.get(rev) ?? -1
}

/** The rows from a row up to its root, newest first. */
export function lineage(tree: RevTree, row: number): number[] {
  const parents = parentsOf(tree)
  const rows: number[] = []
  for (let index = row; index !== -1; index = parents[index]!) rows.push(index)
  return rows
}

/** The oldest of the `limit` newest rows of a history. */
export function oldestRow(tree: RevTree, row: number, limit: number): number {
  const parents = parentsOf(tree)
  let oldest = row
  for (let left = limit; left > 1 && parents[oldest]! !== -1; left--) oldest = parents[oldest]!
  return oldest
}

/** The row of each row's parent, -1 for roots. */
export function parentsOf(tree: RevTree): Int32Array {
  if (tree.hashes.length <= SMALL) return parentRows(tree)
  return (memoryOf(tree).parents ??= parentRows(tree))
}

function memoryOf(tree: RevTree): Asked {
  let memory = asked.get(tree)
  if (memory === undefined) asked.set(tree, (memory = { scans: 0 }))
  return memory
}

function scan({ generations, hashes }: RevTree, rev: Rev): number {
  const generation = generationOf(rev)
  const hash = hashOf(rev)
  for (let row = 0; row < hashes.length; row++) {
    if (generations[row] === generation && hashes[row] === hash) return row
  }
  return -1
}

function indexRows(tree: RevTree): Map<Rev, number> {
  const rows = new Map<Rev, number>()
  for (let row = tree.hashes.length - 1; row >= 0; row--) rows.set(revAt(tree, row), row)
  return rows
}
