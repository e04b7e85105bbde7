import { addDigests, type Digest } from '../../../protocol/document-digest.ts'
import { BLOCK_KEYS, findRange, type LeafEntry, type RankCounts, type RankRoot } from './rank-nodes.ts'
import type { RankChange } from './ranked-space.ts'

/** The blocks of a leaf, and its digest, which is known longer than theirs: cutting a block does not change it. */
export interface ChangedLeaf {
  readonly blocks: readonly RankCounts[]
  readonly digest: Digest | undefined
}

/** A root that is being changed. */
export class RankUpdate {
  readonly root: RankRoot
  /** Leaves that changed, as they will be. */
  readonly leaves = new Map<LeafEntry, ChangedLeaf>()
  next: number

  constructor(root: RankRoot) {
    this.root = root
    this.next = root.next
  }
}

/** Blocks with keys behind theirs: the last one is filled up. */
export function appended(blocks: readonly RankCounts[], changes: readonly RankChange[]): RankCounts[] {
  const all = blocks.slice(0, -1)
  let last = { ...blocks.at(-1)! }
  for (const { text, keys, counted, digest } of changes) {
    if (last.keys >= BLOCK_KEYS) {
      all.push(last)
      last = { start: text, keys, counted, digest }
    } else {
      last.keys += keys
      last.counted += counted
      last.digest = addDigests(last.digest, digest)
    }
  }
  return [...all, last]
}

/** Changes in the order of their texts, by the index of the range that each lies in. */
export function* byRange(
  ranges: readonly { readonly start: string }[],
  changes: readonly RankChange[],
): Generator<[index: number, changes: readonly RankChange[]]> {
  for (let from = 0; from < changes.length;) {
    const index = findRange(ranges, changes[from]!.text)
    const end = ranges[index + 1]?.start
    let to = from + 1
    while (to < changes.length && (end === undefined || changes[to]!.text < end)) to++
    yield [index, changes.slice(from, to)]
    from = to
  }
}
