import { compareHashes, emptyTree, isRoot, ROOT, RevTree } from './tree.ts'

/** The order of roots: by generation, then hash. */
export function compareRoots(a: RevTree, rowA: number, b: RevTree, rowB: number): number {
  return a.generations[rowA]! - b.generations[rowB]! || compareHashes(a.hashes[rowA]!, b.hashes[rowB]!)
}

/** The row after the last one of a root. */
export function endOfRoot(tree: RevTree, root: number): number {
  let end = root + 1
  while (end < tree.hashes.length && !isRoot(tree, end)) end++
  return end
}

/** The rows in `[from, to)`. They are a tree only where they begin with a root. */
export function sliceRows(tree: RevTree, from: number, to: number): RevTree {
  if (from >= to) return emptyTree
  if (from === 0 && to === tree.hashes.length) return tree
  return new RevTree(
    tree.generations.slice(from, to),
    tree.hashes.slice(from, to),
    tree.flags.slice(from, to),
    tree.bodies.slice(from, to),
  )
}

/** Tables below one another. */
export function concat(tables: readonly RevTree[]): RevTree {
  const [first, ...others] = tables.filter(table => table.hashes.length > 0)
  if (first === undefined) return emptyTree
  if (others.length === 0) return first
  return new RevTree(
    first.generations.concat(...others.map(table => table.generations)),
    first.hashes.concat(...others.map(table => table.hashes)),
    first.flags.concat(...others.map(table => table.flags)),
    first.bodies.concat(...others.map(table => table.bodies)),
  )
}

/** The table of groups of a tree's rows, the first of each group being a root. */
export function pickRows(tree: RevTree, groups: readonly (readonly number[])[]): RevTree {
  const rows = groups.flat()
  const flags = rows.map(row => tree.flags[row]! & ~ROOT)
  let first = 0
  for (const group of groups) {
    flags[first]! |= ROOT
    first += group.length
  }
  return new RevTree(
    rows.map(row => tree.generations[row]!),
    rows.map(row => tree.hashes[row]!),
    flags,
    rows.map(row => tree.bodies[row]!),
  )
}
