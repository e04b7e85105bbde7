import type { Rev } from '../../protocol/revision.ts'
import { isLeaf, nodeAt, parentRows, type RevTree } from '../../protocol/revtree/tree.ts'
import { winner } from '../../protocol/revtree/leaves.ts'

/**
 * Draws a revision tree, one revision a line in depth-first order. A revision stands under its parent; where a parent has
 * several children, each of them and what follows from it is indented.
 */
export function drawTree(tree: RevTree): string[] {
  if (tree.hashes.length === 0) return []
  const parents = parentRows(tree)
  const children = new Map<number, number>()
  for (const parent of parents) children.set(parent, (children.get(parent) ?? 0) + 1)
  const best = winner(tree).rev
  const depths: number[] = []
  return tree.hashes.map((_hash, row) => {
    const parent = parents[row] ?? -1
    const isBranch = (children.get(parent) ?? 0) > 1
    depths[row] = (depths[parent] ?? 0) + (isBranch ? 1 : 0)
    return '  '.repeat(depths[row]) + nodeAt(tree, row).rev + marksOf(tree, row, best)
  })
}

function marksOf(tree: RevTree, row: number, best: Rev): string {
  if (!isLeaf(tree, row)) return ''
  const { rev, deleted } = nodeAt(tree, row)
  const marks = [rev === best ? 'winner' : 'leaf', ...(deleted ? ['deleted'] : [])]
  return `  (${marks.join(', ')})`
}
