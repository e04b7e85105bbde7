import type { Rev } from '../../../protocol/revision.ts'
import { GrowingTree } from '../../../protocol/revtree/growing-tree.ts'
import { findRev } from '../../../protocol/revtree/history.ts'
import { hasLiveLeaf, leaves } from '../../../protocol/revtree/leaves.ts'
import { mergePath, type MergeOutcome, type RevPath } from '../../../protocol/revtree/merge.ts'
import { nodeCount, type RevTree } from '../../../protocol/revtree/tree.ts'

/** Result of merging a path into a tree, which `apply` carries out. */
export interface PlannedMerge {
  readonly outcome: MergeOutcome
  /** True if the path's newest revision was in the tree without a body, and takes the path's. */
  readonly takesBody: boolean
  apply(): void
}

/** The tree of a document while edits are merged into it. */
export interface TreeInMerge {
  readonly tree: RevTree
  readonly leafCount: number
  /** True if there are revisions and all leaves are tombstones. */
  readonly isDeleted: boolean
  /** Returns the number of a revision's body, 0 where none is stored. */
  bodyOf(rev: Rev): number
  plan(path: RevPath): PlannedMerge
}

/** An index of the tree pays off from so many edits of one document on. */
const MANY = 8

/** @param edits how many will be merged */
export function treeInMerge(tree: RevTree, edits: number): TreeInMerge {
  return edits > MANY ? new IndexedTree(tree) : new TableTree(tree)
}

/** A tree whose table is copied with each edit. */
class TableTree implements TreeInMerge {
  tree: RevTree

  constructor(tree: RevTree) {
    this.tree = tree
  }

  get leafCount(): number {
    return leaves(this.tree).length
  }

  get isDeleted(): boolean {
    return nodeCount(this.tree) > 0 && !hasLiveLeaf(this.tree)
  }

  bodyOf(rev: Rev): number {
    return findRev(this.tree, rev)?.body ?? 0
  }

  plan(path: RevPath): PlannedMerge {
    const { tree, outcome } = mergePath(this.tree, path)
    return {
      outcome,
      takesBody:
        outcome === 'internal_node' &&
        tree.bodies !== this.tree.bodies &&
        tree.bodies.includes(path.value.body),
      apply: () => {
        this.tree = tree
      },
    }
  }
}

/** A tree whose edits take time that does not depend on its size. */
class IndexedTree implements TreeInMerge {
  readonly #growing: GrowingTree

  constructor(tree: RevTree) {
    this.#growing = new GrowingTree(tree)
  }

  get tree(): RevTree {
    return this.#growing.tree
  }

  get leafCount(): number {
    return this.#growing.leafCount
  }

  get isDeleted(): boolean {
    return this.#growing.isDeleted
  }

  bodyOf(rev: Rev): number {
    return this.#growing.find(rev)?.body ?? 0
  }

  plan(path: RevPath): PlannedMerge {
    const placement = this.#growing.place(path)
    const { outcome, newest } = placement
    return {
      outcome,
      takesBody: outcome === 'internal_node' && newest?.body === 0,
      apply: () => this.#growing.add(path, placement),
    }
  }
}
