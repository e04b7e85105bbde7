/** The tree of a document's revisions, as `open_revs=all&revs=true` tells it, and its drawing. */

export interface Leaf {
  /** "3-917fa…" */
  readonly rev: string
  readonly deleted: boolean
  /** The revision and its ancestors, newest first. */
  readonly path: readonly string[]
}

export interface TreeNode {
  readonly rev: string
  readonly parent: string | undefined
  readonly generation: number
  /** Only leaves are deleted or win. */
  readonly leaf: Leaf | undefined
  readonly winner: boolean
  /** The oldest revision that is known, with older ones cut off by the revision limit. */
  readonly stem: boolean
  /** Position in the drawing: generations from left to right, branches from top to bottom, both from 0. */
  readonly column: number
  readonly row: number
}

export interface RevisionTree {
  readonly nodes: readonly TreeNode[]
  readonly columns: number
  readonly rows: number
  readonly winner: string | undefined
}

/** The generation of a revision: the number before its hyphen. */
export function generationOf(rev: string): number {
  return Number(rev.slice(0, rev.indexOf('-')))
}

/** The ids of a document's history, "3-…" first, of its `_revisions` member. */
export function pathOf({ start, ids }: { start: number; ids: readonly string[] }): string[] {
  return ids.map((id, index) => `${start - index}-${id}`)
}

/** CouchDB's order of leaves, the winner first: living ones, then the higher generation, then the higher hash. */
export function compareLeaves(a: Leaf, b: Leaf): number {
  if (a.deleted !== b.deleted) return a.deleted ? 1 : -1
  const generations = generationOf(b.rev) - generationOf(a.rev)
  if (generations !== 0) return generations
  return a.rev.slice(a.rev.indexOf('-')) < b.rev.slice(b.rev.indexOf('-')) ? 1 : -1
}

/** Lays out the tree: the winner's branch in the first row, every other leaf in a row of its own. */
export function layOutTree(leaves: readonly Leaf[]): RevisionTree {
  const ordered = [...leaves].sort(compareLeaves)
  const winner = ordered[0]?.rev
  const oldest = Math.min(...leaves.flatMap(({ path }) => path.map(generationOf)))
  const nodes = new Map<string, TreeNode>()
  for (const [row, leaf] of ordered.entries()) {
    for (const [index, rev] of leaf.path.entries()) {
      if (nodes.has(rev)) break
      const parent = leaf.path[index + 1]
      const generation = generationOf(rev)
      nodes.set(rev, {
        rev,
        parent,
        generation,
        leaf: index === 0 ? leaf : undefined,
        winner: rev === winner,
        stem: parent === undefined && generation > 1,
        column: generation - oldest,
        row,
      })
    }
  }
  const drawn = [...nodes.values()]
  return {
    nodes: drawn,
    columns: drawn.reduce((most, { column }) => Math.max(most, column + 1), 0),
    rows: ordered.length,
    winner,
  }
}

/** The newest revision that both have in their history; `undefined` where they share none. */
export function commonAncestor(a: Leaf, b: Leaf): string | undefined {
  const seen = new Set(a.path)
  return b.path.find(rev => seen.has(rev))
}

/**
 * The columns to draw of a tree whose generations are too many: runs of generations in which nothing branches or ends
 * are shown as one gap.
 *
 * @returns for each generation's column where it is drawn, and the columns in front of which a gap lies
 */
export function foldColumns(tree: RevisionTree): {
  at: ReadonlyMap<number, number>
  gaps: ReadonlySet<number>
} {
  const kept = new Set<number>()
  const children = new Map<string, number>()
  for (const { parent } of tree.nodes) {
    if (parent !== undefined) children.set(parent, (children.get(parent) ?? 0) + 1)
  }
  for (const { rev, column, leaf, parent } of tree.nodes) {
    if (leaf !== undefined || parent === undefined || (children.get(rev) ?? 0) > 1) {
      for (const near of [column - 1, column, column + 1]) kept.add(near)
    }
  }
  const at = new Map<number, number>()
  const gaps = new Set<number>()
  for (let column = 0; column < tree.columns; column += 1) {
    if (tree.columns > MAX_UNFOLDED && !kept.has(column)) {
      gaps.add(at.size)
      continue
    }
    at.set(column, at.size)
  }
  return { at, gaps }
}

const MAX_UNFOLDED = 12
