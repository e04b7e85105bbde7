import type { Digest } from '../../../protocol/document-digest.ts'
import { countRange } from './scan-blocks.ts'
import type { RankRoot } from './rank-nodes.ts'
import { MANY_KEYS, totalOf } from './rank-nodes.ts'
import type { RankPlace, RankTree } from './rank-tree.ts'
import type { RankChange, RankedCommit } from './ranked-space.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'

/** A key, and the number of those in front of it. */
export interface RankedKey {
  readonly key: Uint8Array
  readonly before: number
}

export type Side = 'below' | 'above'

/** The number of keys in front of one, at the moment of a snapshot, which is the caller's to close. */
export interface Rank {
  readonly before: number
  readonly snapshot: DatabaseSnapshot
  /**
   * Returns a key near to the one that has so many in front of it, with no more of them, or no less; undefined where
   * another thread counts.
   */
  readonly near?: (rank: number, side: Side) => Promise<RankedKey>
}

/** A snapshot, and the commits in memory: all that the snapshot has and its tree has not, and others. */
export interface Moment {
  readonly snapshot: DatabaseSnapshot
  readonly pending: readonly RankedCommit[]
}

/** Ranks in one space at one moment. */
export class RanksAtMoment {
  readonly #tree: RankTree
  readonly #root: RankRoot | undefined
  readonly #snapshot: DatabaseSnapshot
  /** Changes to be counted besides the tree. */
  readonly #behind: readonly (readonly RankChange[])[]

  /** @param root undefined where there is no tree: all keys are read */
  constructor(tree: RankTree, root: RankRoot | undefined, { snapshot, pending }: Moment) {
    this.#tree = tree
    this.#root = root
    this.#snapshot = snapshot
    const { seq } = snapshot.state
    const from = root?.seq ?? Infinity
    this.#behind = pending
      .filter(commit => commit.seq > from && commit.seq <= seq)
      .map(commit => tree.changesOf(commit))
  }

  /** Counts the keys in front of one. */
  async before(key: Uint8Array): Promise<number> {
    const { space } = this.#tree
    const { text, before } = await this.#blockBefore(space.textOf(key))
    return before + (await countRange(this.#snapshot, space, { gte: this.#keyOf(text), lt: key }))
  }

  /** Returns a key near to the one that has so many in front of it, with no more of them, or no less. */
  async near(rank: number, side: Side): Promise<RankedKey> {
    const { range } = this.#tree.space
    const first = { key: range.gte, before: 0 }
    const end = { key: range.lt, before: Infinity }
    if (this.#root === undefined) return side === 'below' ? first : end
    // What is behind the tree moves ranks by no more than its number.
    const moved = this.#behind.reduce((sum, changes) => sum + changes.length, 0)
    const asked = side === 'below' ? rank - moved : rank + moved + MANY_KEYS
    const text = await this.#tree.blockAt(this.#snapshot, this.#root, Math.max(0, asked))
    const { before } = await this.#blockBefore(text)
    if (side === 'below') return before <= rank ? { key: this.#keyOf(text), before } : first
    return before >= rank ? { key: this.#keyOf(text), before } : end
  }

  /** The start of a key's block, and what counts in front of it. */
  async #blockBefore(text: string): Promise<RankPlace> {
    if (this.#root === undefined) return { text: '', before: 0 }
    const place = await this.#tree.blockBefore(this.#snapshot, this.#root, text)
    let { before } = place
    for (const changes of this.#behind) {
      for (const change of changes) if (change.text < place.text) before += change.counted
    }
    return { text: place.text, before }
  }

  #keyOf(text: string): Uint8Array {
    const { space } = this.#tree
    return text === '' ? space.range.gte : space.keyOf(text)
  }
}

/**
 * Returns the changes of commits in the order of their texts, those of one text as one.
 *
 * @param hasDigests true where a change of a digest alone counts too
 */
export function mergedChanges(
  tree: RankTree,
  commits: readonly RankedCommit[],
  hasDigests: boolean,
): RankChange[] {
  const isChange = ({ keys, counted, digest }: RankChange): boolean =>
    keys !== 0 || counted !== 0 || (hasDigests && changesDigest(digest))
  const changes = commits.flatMap(commit => tree.changesOf(commit).filter(isChange))
  changes.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
  const all: RankChange[] = []
  for (const change of changes) {
    const last = all.at(-1)
    if (last?.text !== change.text) all.push(change)
    else all[all.length - 1] = { text: change.text, ...totalOf([last, change]) }
  }
  return all.filter(isChange)
}

/** Returns whether a difference is one, or not known. */
function changesDigest(digest: Digest | undefined): boolean {
  return digest === undefined || digest.some(word => word !== 0)
}
