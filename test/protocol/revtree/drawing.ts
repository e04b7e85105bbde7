import { lineage } from '../../../protocol/revtree/lookup.ts'
import { leafRows } from '../../../protocol/revtree/leaves.ts'
import { mergePath } from '../../../protocol/revtree/merge.ts'
import type { RevPath } from '../../../protocol/revtree/merge.ts'
import { emptyTree, nodeCount, revAt } from '../../../protocol/revtree/tree.ts'
import type { RevTree, RevValue } from '../../../protocol/revtree/tree.ts'
import { generationOf, hashOf, parseRev } from '../../../protocol/revision.ts'
import type { Rev } from '../../../protocol/revision.ts'

/** A path from its drawing, oldest first: `1-a 2-b`. */
export function path(drawing: string, value: Partial<RevValue> = {}): RevPath {
  const drawn = revs(drawing)
  const start = generationOf(drawn.at(-1)!)
  return { start, hashes: drawn.map(hashOf).reverse(), value: { deleted: false, body: 1, ...value } }
}

/** The tree of several paths, merged in order. The newest of the nth has body n. */
export function grow(...drawings: string[]): RevTree {
  return drawings.reduce(
    (tree, drawing, at) => mergePath(tree, path(drawing, { body: at + 1 })).tree,
    emptyTree,
  )
}

/** The path to each leaf of a tree, oldest first, in tree order. */
export function draw(tree: RevTree): string[] {
  return leafRows(tree, 0, nodeCount(tree)).map(row =>
    lineage(tree, row)
      .reverse()
      .map(one => revAt(tree, one))
      .join(' '),
  )
}

export function rev(text: string): Rev {
  return parseRev(text)
}

export function revs(texts: string): Rev[] {
  return texts.split(' ').map(parseRev)
}
