import { asRev, type Rev } from '../revision.ts'
import { compareHashes } from './tree.ts'

/** A revision of a growing tree. */
export interface GrowingNode {
  readonly generation: number
  readonly hash: string
  deleted: boolean
  body: number
  parent: GrowingNode | undefined
  /** By hash. */
  readonly children: GrowingNode[]
}

export function revOf(generation: number, hash: string): Rev {
  return asRev(`${generation}-${hash}`)
}

export function rootOf(node: GrowingNode): GrowingNode {
  let root = node
  while (root.parent !== undefined) root = root.parent
  return root
}

/** Yields a node and all below it, in tree order. */
export function* descendants(root: GrowingNode): Generator<GrowingNode> {
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node
    for (let index = node.children.length - 1; index >= 0; index--) waiting.push(node.children[index]!)
  }
}

/** Returns the child of a hash. */
export function childOf(parent: GrowingNode, hash: string): GrowingNode | undefined {
  const { children } = parent
  // Different texts of one order stand side by side.
  for (let index = indexBehind(children, { hash }, compareNodes) - 1; index >= 0; index--) {
    const child = children[index]!
    if (child.hash === hash) return child
    if (compareHashes(child.hash, hash) !== 0) return undefined
  }
  return undefined
}

type Hashed = Pick<GrowingNode, 'hash'>

export function compareNodes(a: Hashed, b: Hashed): number {
  return compareHashes(a.hash, b.hash)
}

export function compareRootNodes(a: GrowingNode, b: GrowingNode): number {
  return a.generation - b.generation || compareHashes(a.hash, b.hash)
}

/** Returns the index behind the nodes that are not greater. Most nodes come in order, and so at the end. */
export function indexBehind<T extends Hashed>(
  sorted: readonly GrowingNode[],
  node: T,
  compare: (a: GrowingNode, b: T) => number,
): number {
  let low = 0
  let high = sorted.length
  const last = sorted[high - 1]
  if (last === undefined || compare(last, node) <= 0) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(sorted[middle]!, node) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
