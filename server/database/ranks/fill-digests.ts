import type { DatabaseKeys } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { DigestsAtMoment } from './digests-at-moment.ts'
import { leafKey } from './rank-keys.ts'
import { encodeLeaf, type RankRoot, totalOf } from './rank-nodes.ts'
import type { RankTree } from './rank-tree.ts'
import type { Moment } from './ranks-at-moment.ts'

/**
 * Reads documents of which the tree has no digest, a leaf at a time: all of them when a database is first compared, then
 * blocks that were cut, when somebody asks for them.
 */
export class DigestFiller {
  readonly #store: Store
  readonly #keys: DatabaseKeys
  readonly #tree: RankTree
  /** Numbers of leaves whose blocks were asked for. */
  readonly #wanted = new Set<number>()

  constructor(store: Store, keys: DatabaseKeys, tree: RankTree) {
    this.#store = store
    this.#keys = keys
    this.#tree = tree
  }

  /** True where blocks were asked for. */
  get isWanted(): boolean {
    return this.#wanted.size > 0
  }

  want(leaves: Iterable<number>): void {
    for (const number of leaves) this.#wanted.add(number)
  }

  /**
   * Fills in one leaf. Nothing else may change the tree meanwhile.
   *
   * @returns whether there is more to do
   */
  async fill(moment: Moment, signal: AbortSignal): Promise<boolean> {
    const root = await this.#tree.root(moment.snapshot)
    if (root === undefined) return false
    const index = this.#next(root)
    const leaves = [...root.leaves]
    const batch = this.#store.batch()
    const leaf = leaves[index]
    if (leaf !== undefined) {
      const digests = new DigestsAtMoment(this.#tree, root, moment, signal)
      const blocks = await digests.filled(leaf, leaves[index + 1]?.start)
      this.#wanted.delete(leaf.number)
      leaves[index] = { ...leaf, digest: totalOf(blocks).digest ?? leaf.digest }
      batch.put(leafKey(this.#keys, this.#tree.space.number, leaf.number), encodeLeaf(blocks))
    } else {
      this.#wanted.clear()
      if (root.digest !== undefined) return false
    }
    const digest = root.digest ?? totalOf(leaves).digest
    this.#tree.putRoot(batch, { ...root, leaves, digest, keepsDigests: true })
    if (signal.aborted) return false
    await batch.write()
    return digest === undefined || this.isWanted
  }

  #next({ leaves }: RankRoot): number {
    const unknown = leaves.findIndex(({ digest }) => digest === undefined)
    return unknown < 0 ? leaves.findIndex(({ number }) => this.#wanted.has(number)) : unknown
  }
}
