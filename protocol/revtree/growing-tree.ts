import type { Rev } from '../revision.ts'
import { oldestOf, valueOf, type MergeOutcome, type RevPath, type StoredPath } from './merge.ts'
import {
  childOf,
  compareNodes,
  compareRootNodes,
  descendants,
  type GrowingNode,
  indexBehind,
  revOf,
  rootOf,
} from './growing-node.ts'
import { DELETED, isRoot, ROOT, RevTree, type RevValue } from './tree.ts'

/** Position of a path in a tree, and the change that adding it makes. */
export interface NodePlacement {
  readonly outcome: MergeOutcome
  /** The first revision that tree and path share, undefined where the path is a root of its own. */
  readonly meeting: GrowingNode | undefined
  /** The newest revision that tree and path share. */
  readonly newest: GrowingNode | undefined
}

/**
 * A tree that many paths are merged into, each in time that does not depend on the size of the tree: nodes that know their
 * parent and children, and an index of the revisions. The rules are those of `mergePath`, and so is the result.
 */
export class GrowingTree {
  /** By generation, then hash. */
  readonly #roots: GrowingNode[] = []
  /** Of each revision the first node in tree order. */
  readonly #nodes = new Map<Rev, GrowingNode>()
  readonly #rootsByRev = new Map<Rev, GrowingNode>()
  #hasDuplicates = false
  #size = 0
  #leaves = 0
  #liveLeaves = 0
  #table: RevTree | undefined

  constructor(tree: RevTree) {
    const newest: GrowingNode[] = []
    let start = 0
    for (let row = 0; row < tree.hashes.length; row++) {
      const generation = tree.generations[row]!
      if (isRoot(tree, row)) start = generation
      const deleted = (tree.flags[row]! & DELETED) !== 0
      const parent = newest[generation - start - 1]
      const node = this.#newNode(generation, tree.hashes[row]!, { deleted, body: tree.bodies[row]! }, parent)
      newest[generation - start] = node
      ;(parent?.children ?? this.#roots).push(node)
      if (parent === undefined) this.#noteRoot(node)
      this.#note(node)
    }
    this.#table = tree
  }

  get leafCount(): number {
    return this.#leaves
  }

  /** True if there are revisions, and all leaves are tombstones. */
  get isDeleted(): boolean {
    return this.#leaves > 0 && this.#liveLeaves === 0
  }

  /** Returns the first node of a revision, in tree order. */
  find(rev: Rev): GrowingNode | undefined {
    return this.#nodes.get(rev)
  }

  /** Returns where a path belongs, and changes nothing. */
  place(path: RevPath): NodePlacement {
    if (this.#size === 0) return { outcome: 'new_leaf', meeting: undefined, newest: undefined }
    const meeting = this.#findMeeting(path)
    if (meeting === undefined) return { outcome: 'new_branch', meeting, newest: undefined }
    let newest = meeting
    while (newest.generation < path.start) {
      const child = childOf(newest, path.hashes[path.start - newest.generation - 1]!)
      if (child === undefined) break
      newest = child
    }
    if (newest.generation === path.start) return { outcome: 'internal_node', meeting, newest }
    return { outcome: newest.children.length === 0 ? 'new_leaf' : 'new_branch', meeting, newest }
  }

  /** Merges a path where `place` said that it belongs. */
  add(path: StoredPath, { meeting, newest }: NodePlacement): void {
    if (meeting === undefined || newest === undefined) {
      this.#plantLine(path, path.start)
      return
    }
    for (let node: GrowingNode | undefined = newest; node !== undefined; node = node.parent) {
      this.giveValue(node, valueOf(path, node.generation))
      if (node === meeting) break
    }
    let last = newest
    for (let generation = newest.generation + 1; generation <= path.start; generation++) {
      last = this.addChild(last, path.hashes[path.start - generation]!, valueOf(path, generation))
    }
    if (meeting.parent === undefined && oldestOf(path) < meeting.generation) this.#putInFront(meeting, path)
  }

  /** Adds a revision as a root of its own. */
  addRoot(generation: number, hash: string, value: RevValue): GrowingNode {
    const root = this.#newNode(generation, hash, value, undefined)
    this.#insertRoot(root)
    this.#note(root)
    return root
  }

  /** Returns the child of that hash, with the value where it had none; adds it where it is not there. */
  addChild(parent: GrowingNode, hash: string, value: RevValue): GrowingNode {
    const known = childOf(parent, hash)
    if (known !== undefined) {
      this.giveValue(known, value)
      return known
    }
    const child = this.#newNode(parent.generation + 1, hash, value, parent)
    parent.children.splice(indexBehind(parent.children, child, compareNodes), 0, child)
    this.#note(child)
    return child
  }

  /** Stores a value for a revision that had none. */
  giveValue(node: GrowingNode, { deleted, body }: RevValue): void {
    if (node.body !== 0 || (body === 0 && !deleted)) return
    if (node.children.length === 0) this.#liveLeaves += Number(node.deleted) - Number(deleted)
    node.deleted = deleted
    node.body = body
    this.#table = undefined
  }

  /** The tree as a table. */
  get tree(): RevTree {
    return (this.#table ??= this.#toTable())
  }

  #findMeeting(path: RevPath): GrowingNode | undefined {
    const { start, hashes } = path
    const oldest = oldestOf(path)
    const first = this.#nodes.get(revOf(oldest, hashes.at(-1)!))
    if (first !== undefined) return first
    const youngestRoot = this.#roots.at(-1)!.generation
    for (let generation = oldest + 1; generation <= Math.min(start, youngestRoot); generation++) {
      const root = this.#rootsByRev.get(revOf(generation, hashes[start - generation]!))
      if (root !== undefined) return root
    }
    return undefined
  }

  #newNode(
    generation: number,
    hash: string,
    { deleted, body }: RevValue,
    parent: GrowingNode | undefined,
  ): GrowingNode {
    this.#table = undefined
    this.#size++
    if (parent === undefined || parent.children.length > 0) this.#leaves++
    else this.#liveLeaves -= Number(!parent.deleted)
    this.#liveLeaves += Number(!deleted)
    return { generation, hash, deleted, body, parent, children: [] }
  }

  /** Adds a path up to a generation as a root of its own, and returns its newest revision. */
  #plantLine(path: StoredPath, upTo: number): GrowingNode {
    const oldest = oldestOf(path)
    let node = this.addRoot(oldest, path.hashes.at(-1)!, valueOf(path, oldest))
    for (let generation = oldest + 1; generation <= upTo; generation++) {
      node = this.addChild(node, path.hashes[path.start - generation]!, valueOf(path, generation))
    }
    return node
  }

  /** Puts the path's revisions that are older than a root in front of it. */
  #putInFront(root: GrowingNode, path: StoredPath): void {
    this.#roots.splice(this.#roots.indexOf(root), 1)
    this.#rootsByRev.delete(revOf(root.generation, root.hash))
    const others = this.#roots.find(
      ({ generation, hash }) => generation === root.generation && hash === root.hash,
    )
    if (others !== undefined) this.#noteRoot(others)
    const last = this.#plantLine(path, root.generation - 1)
    this.#leaves--
    this.#liveLeaves -= Number(!last.deleted)
    root.parent = last
    last.children.push(root)
    // A root that now begins earlier comes before others that have revisions in common with it.
    if (this.#hasDuplicates) for (const node of descendants(root)) this.#note(node)
  }

  #insertRoot(root: GrowingNode): void {
    this.#roots.splice(indexBehind(this.#roots, root, compareRootNodes), 0, root)
    this.#noteRoot(root)
  }

  #noteRoot(root: GrowingNode): void {
    const rev = revOf(root.generation, root.hash)
    if (!this.#rootsByRev.has(rev)) this.#rootsByRev.set(rev, root)
  }

  /** Takes a node that has its place into the index. */
  #note(node: GrowingNode): void {
    const rev = revOf(node.generation, node.hash)
    const known = this.#nodes.get(rev)
    if (known !== undefined && known !== node) {
      this.#hasDuplicates = true
      if (!this.#isBefore(node, known)) return
    }
    this.#nodes.set(rev, node)
  }

  /** Returns whether one of two nodes of a revision comes before the other in tree order. */
  #isBefore(a: GrowingNode, b: GrowingNode): boolean {
    let [left, right] = [a, b]
    while (left.parent !== right.parent) {
      // Nodes of one generation that are reached by ways of different length are of different roots.
      if (left.parent === undefined || right.parent === undefined) {
        ;[left, right] = [rootOf(left), rootOf(right)]
        break
      }
      ;[left, right] = [left.parent, right.parent]
    }
    const siblings = left.parent?.children ?? this.#roots
    const compare = left.parent === undefined ? compareRootNodes : compareNodes
    return (compare(left, right) || siblings.indexOf(left) - siblings.indexOf(right)) < 0
  }

  #toTable(): RevTree {
    const generations: number[] = []
    const hashes: string[] = []
    const flags: number[] = []
    const bodies: number[] = []
    for (const root of this.#roots) {
      for (const node of descendants(root)) {
        generations.push(node.generation)
        hashes.push(node.hash)
        flags.push((node === root ? ROOT : 0) | (node.deleted ? DELETED : 0))
        bodies.push(node.body)
      }
    }
    return new RevTree(generations, hashes, flags, bodies)
  }
}
