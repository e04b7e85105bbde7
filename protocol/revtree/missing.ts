import { generationOf } from '../revision.ts'
import type { Rev } from '../revision.ts'
import { leaves, rootBounds } from './leaves.ts'
import { revAt } from './tree.ts'
import type { RevTree } from './tree.ts'

/**
 * The revisions that the tree does not know, for `_revs_diff` and `_missing_revs` (CouchDB:
 * `couch_key_tree:find_missing/2`).
 *
 * Clients see CouchDB's order: each root that is searched sorts what is sought by generation, as far down as the root
 * goes; what is older than the root or at least as young as its youngest leaf keeps its order. A revision asked for
 * twice is looked up twice, and known once only: the second is reported missing unless two roots share it.
 */
export function missingRevs(tree: RevTree, revs: readonly Rev[]): Rev[] {
  let sought = revs.map(rev => ({ rev, generation: generationOf(rev) }))
  const bounds = rootBounds(tree)
  for (let root = 0; root + 1 < bounds.length && sought.length > 0; root++) {
    const known = knownRevs(
      tree,
      bounds[root]!,
      bounds[root + 1]!,
      new Set(sought.map(one => one.generation)),
    )
    const oldest = tree.generations[bounds[root]!]!
    const depth = (generation: number): number => Math.min(Math.max(generation, oldest - 1), known.youngest)
    if (sought.length > 1) sought.sort((a, b) => depth(a.generation) - depth(b.generation))
    sought = sought.filter(({ rev }) => !takeOne(known.counts, rev))
  }
  return sought.map(one => one.rev)
}

/** The youngest generation in `[from, to)`, and how often each revision of the given generations is there. */
function knownRevs(
  tree: RevTree,
  from: number,
  to: number,
  generations: ReadonlySet<number>,
): { youngest: number; counts: Map<Rev, number> } {
  const counts = new Map<Rev, number>()
  let youngest = -Infinity
  for (let row = from; row < to; row++) {
    const generation = tree.generations[row]!
    if (generation > youngest) youngest = generation
    if (!generations.has(generation)) continue
    const rev = revAt(tree, row)
    counts.set(rev, (counts.get(rev) ?? 0) + 1)
  }
  return { youngest, counts }
}

function takeOne(counts: Map<Rev, number>, rev: Rev): boolean {
  const count = counts.get(rev)
  if (count === undefined || count === 0) return false
  counts.set(rev, count - 1)
  return true
}

/**
 * The leaves from which the missing revisions may descend: all below the highest missing generation, deleted ones
 * too. A replicator uses them to ask for attachments that changed since only (`atts_since`).
 */
export function possibleAncestors(tree: RevTree, missing: readonly Rev[]): Rev[] {
  const highest = missing.reduce((max, rev) => Math.max(max, generationOf(rev)), -Infinity)
  return leaves(tree)
    .map(leaf => leaf.rev)
    .filter(rev => generationOf(rev) < highest)
}
