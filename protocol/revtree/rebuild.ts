import type { GrowingNode } from './growing-node.ts'
import { GrowingTree } from './growing-tree.ts'
import { oldestRow, parentsOf } from './lookup.ts'
import { compareHashes, DELETED, emptyTree, revAt, type RevTree, type RevValue } from './tree.ts'

/** The history of a leaf, from its newest row to its oldest. */
interface Line {
  readonly leaf: number
  readonly oldest: number
}

/**
 * Rebuilds a tree from the histories of some of its leaves, each cut to a limit, those that begin oldest
 * first. Roots that share revisions are joined that way.
 */
export function rebuild(tree: RevTree, leaf: readonly number[], limit: number): RevTree {
  const lines = leaf.map(row => ({ leaf: row, oldest: oldestRow(tree, row, limit) }))
  const compare = lineOrder(tree)
  lines.sort(compare)
  const growth = new Regrowth(tree)
  for (const line of lines) growth.add(line)
  return growth.grown.tree
}

/** The order in which CouchDB merges them: by the oldest generation, then by hashes from the newest. */
function lineOrder(tree: RevTree): (a: Line, b: Line) => number {
  const { generations, hashes } = tree
  const parents = parentsOf(tree)
  const length = ({ leaf, oldest }: Line): number => generations[leaf]! - generations[oldest]! + 1
  return (a, b) => {
    const byOldest = generations[a.oldest]! - generations[b.oldest]!
    if (byOldest !== 0) return byOldest
    const common = Math.min(length(a), length(b))
    let [rowA, rowB] = [a.leaf, b.leaf]
    for (let index = 0; index < common; index++) {
      // From a row that both have on, they are the same.
      if (rowA === rowB) break
      const order = compareHashes(hashes[rowA]!, hashes[rowB]!)
      if (order !== 0) return order
      ;[rowA, rowB] = [parents[rowA]!, parents[rowB]!]
    }
    return length(a) - length(b)
  }
}

/** The tree that is put together. Rows that several histories share are merged once. */
class Regrowth {
  readonly grown = new GrowingTree(emptyTree)
  readonly #from: RevTree
  readonly #parents: Int32Array
  /** The nodes that rows have become. */
  readonly #nodes: (GrowingNode | undefined)[]

  constructor(from: RevTree) {
    this.#from = from
    this.#parents = parentsOf(from)
    this.#nodes = new Array<GrowingNode | undefined>(from.hashes.length)
  }

  /** Merges a history, none of which begins after it. */
  add({ leaf, oldest }: Line): void {
    const met = this.grown.find(revAt(this.#from, oldest))
    if (met === undefined) {
      this.#nodes[oldest] = this.grown.addRoot(
        this.#from.generations[oldest]!,
        this.#from.hashes[oldest]!,
        this.#value(oldest),
      )
    }
    // Where the histories meet at another row of the same revision, they go on from there.
    if (met === undefined || met === this.#nodes[oldest]) this.#extend(leaf)
    else this.#extendFrom(met, leaf, oldest)
  }

  /** Adds what is not there yet of a history whose oldest row has its node. */
  #extend(leaf: number): void {
    const rows: number[] = []
    let row = leaf
    for (; this.#nodes[row] === undefined; row = this.#parents[row]!) rows.push(row)
    let node = this.#nodes[row]!
    for (const next of rows.reverse()) {
      node = this.grown.addChild(node, this.#from.hashes[next]!, this.#value(next))
      this.#nodes[next] = node
    }
  }

  #extendFrom(met: GrowingNode, leaf: number, oldest: number): void {
    const rows: number[] = []
    for (let row = leaf; row !== oldest; row = this.#parents[row]!) rows.push(row)
    let node = met
    this.grown.giveValue(node, this.#value(oldest))
    for (const next of rows.reverse()) {
      node = this.grown.addChild(node, this.#from.hashes[next]!, this.#value(next))
    }
  }

  #value(row: number): RevValue {
    return { deleted: (this.#from.flags[row]! & DELETED) !== 0, body: this.#from.bodies[row]! }
  }
}
