import { mergePath } from './merge.ts'
import { lineage } from './lookup.ts'
import { compareHashes, emptyTree, nodeAt } from './tree.ts'
import type { RevTree } from './tree.ts'

/**
 * Puts a tree together anew from the histories of some of its leaves, each cut to a limit, those that begin oldest
 * first. Roots that share revisions are joined that way.
 */
export function rebuild(tree: RevTree, leaf: readonly number[], limit: number): RevTree {
  return leaf
    .map(row => lineage(tree, row).slice(0, limit))
    .sort((a, b) => compareLines(tree, a, b))
    .reduce((merged, line) => mergeLine(merged, tree, line), emptyTree)
}

/** The order in which CouchDB merges them: by the oldest generation, then by hashes from the newest. */
function compareLines(tree: RevTree, a: readonly number[], b: readonly number[]): number {
  const byOldest = tree.generations[a.at(-1)!]! - tree.generations[b.at(-1)!]!
  if (byOldest !== 0) return byOldest
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareHashes(tree.hashes[a[at]!]!, tree.hashes[b[at]!]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function mergeLine(into: RevTree, from: RevTree, line: readonly number[]): RevTree {
  const values = line.map(row => nodeAt(from, row))
  const hashes = line.map(row => from.hashes[row]!)
  return mergePath(into, { start: from.generations[line[0]!]!, hashes, value: values[0]!, values }).tree
}
