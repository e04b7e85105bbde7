import { DELETED, isLeaf, RevTree } from './tree.ts'

/**
 * Forgets the bodies of all revisions that are not leaves, as compaction does. `freed`: the numbers of the bodies that
 * nothing refers to any more.
 */
export function clearInterior(tree: RevTree): { tree: RevTree; freed: number[] } {
  const stored = tree.bodies.flatMap((body, row) => (body !== 0 && !isLeaf(tree, row) ? [row] : []))
  if (stored.length === 0) return { tree, freed: [] }
  const flags = tree.flags.slice()
  const bodies = tree.bodies.slice()
  for (const row of stored) {
    flags[row]! &= ~DELETED
    bodies[row] = 0
  }
  return {
    tree: new RevTree(tree.generations, tree.hashes, flags, bodies),
    freed: stored.map(row => tree.bodies[row]!),
  }
}
