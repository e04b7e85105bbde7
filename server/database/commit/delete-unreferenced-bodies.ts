import { bodies, type RevTree } from '../../../protocol/revtree/tree.ts'
import type { Commit } from './commit.ts'

/** Removes the bodies that a tree no longer refers to. */
export function deleteUnreferencedBodies(commit: Commit, before: RevTree, after: RevTree): void {
  const kept = new Set(bodies(after))
  for (const body of bodies(before)) if (!kept.has(body)) commit.bodies.remove(body)
}
