import { generationOf, hashOf } from '../revision.ts'
import type { Rev } from '../revision.ts'
import { leaves } from './leaves.ts'
import { rowOf } from './lookup.ts'
import { compareHashes, nodeCount, revAt } from './tree.ts'
import type { RevTree } from './tree.ts'

/**
 * The revisions that the tree does not know, for `_revs_diff` and `_missing_revs` (CouchDB:
 * `couch_key_tree:find_missing/2`): sorted by generation, then hash, each once. Of an empty tree all are missing, in
 * the order of the request.
 */
export function missingRevs(tree: RevTree, revs: readonly Rev[]): Rev[] {
  if (nodeCount(tree) === 0) return [...revs]
  if (revs.length === 1) return rowOf(tree, revs[0]!) === -1 ? [...revs] : []
  const known = knownRevs(tree, new Set(revs.map(generationOf)))
  return [...new Set(revs)].filter(rev => !known.has(rev)).sort(compareRevs)
}

/** The revisions of the tree that are of some of the generations. */
function knownRevs(tree: RevTree, generations: ReadonlySet<number>): Set<Rev> {
  const known = new Set<Rev>()
  tree.generations.forEach((generation, row) => {
    if (generations.has(generation)) known.add(revAt(tree, row))
  })
  return known
}

function compareRevs(a: Rev, b: Rev): number {
  return generationOf(a) - generationOf(b) || compareHashes(hashOf(a), hashOf(b))
}

/**
 * The leaves from which the missing revisions may descend: all below the highest missing generation, deleted ones
 * too, in the order in which they would win. A replicator uses them to ask for attachments that changed since only
 * (`atts_since`).
 */
export function possibleAncestors(tree: RevTree, missing: readonly Rev[]): Rev[] {
  const highest = missing.reduce((max, rev) => Math.max(max, generationOf(rev)), -Infinity)
  return leaves(tree)
    .map(leaf => leaf.rev)
    .filter(rev => generationOf(rev) < highest)
}
