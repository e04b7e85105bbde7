import { addDigests, type Digest } from '../../../protocol/document-digest.ts'
import { DamagedValueError } from '../../storage/encryption/damaged.ts'
import type { DatabaseKeys } from '../../storage/keys.ts'
import type { Store, StoreBatch } from '../../storage/store.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import { leafKey, rootKey } from './rank-keys.ts'
import {
  BLOCK_KEYS,
  countedIn,
  decodeLeaf,
  decodeRoot,
  encodeLeaf,
  encodeRoot,
  findRange,
  MANY_KEYS,
  type LeafEntry,
  type RankCounts,
  type RankRoot,
  totalOf,
} from './rank-nodes.ts'
import { appended, byRange, RankUpdate } from './rank-update.ts'
import type { RankChange, RankedCommit, RankedSpace } from './ranked-space.ts'
import { type KeyRange, scanBlocks } from './scan-blocks.ts'

/** Adjacent blocks of so few keys together become one. */
const FEW_KEYS = BLOCK_KEYS / 2

/** Blocks in a leaf when leaves are made; one of twice as many is cut. */
export const LEAF_BLOCKS = 64

/** Adjacent leaves of so few blocks together become one. */
const FEW_BLOCKS = LEAF_BLOCKS / 2

/** The tree in the store cannot be read: it is made again. */
export class BrokenTreeError extends Error {}

/** A place before which so many keys count. */
export interface RankPlace {
  readonly text: string
  readonly before: number
}

/** The counts of a space in the store. */
export class RankTree {
  readonly space: RankedSpace
  readonly #store: Store
  readonly #keys: DatabaseKeys
  readonly #changes = new WeakMap<RankedCommit, readonly RankChange[]>()

  constructor(store: Store, keys: DatabaseKeys, space: RankedSpace) {
    this.#store = store
    this.#keys = keys
    this.space = space
  }

  /** Returns what a commit changes in the space. */
  changesOf(commit: RankedCommit): readonly RankChange[] {
    const known = this.#changes.get(commit) ?? this.space.changesOf(commit)
    this.#changes.set(commit, known)
    return known
  }

  /** Returns the root as of a snapshot; undefined where there is none. */
  async root(snapshot: DatabaseSnapshot): Promise<RankRoot | undefined> {
    const record = await this.#record(snapshot, rootKey(this.#keys, this.space.number))
    return record === undefined ? undefined : decodeRoot(record)
  }

  /** Returns the last start of a block that is not behind a key, and what the tree counts before it. */
  async blockBefore(snapshot: DatabaseSnapshot, root: RankRoot, text: string): Promise<RankPlace> {
    const at = findRange(root.leaves, text)
    const blocks = await this.read(snapshot, root.leaves[at]!)
    const block = findRange(blocks, text)
    return { text: blocks[block]!.start, before: countedIn(root.leaves, at) + countedIn(blocks, block) }
  }

  /** Returns the start of the block in which the tree has the key before which so many count. */
  async blockAt(snapshot: DatabaseSnapshot, root: RankRoot, rank: number): Promise<string> {
    let left = rank
    const holds = ({ counted }: RankCounts): boolean => {
      if (left < counted) return true
      left -= counted
      return false
    }
    const leaf = root.leaves.find(holds) ?? root.leaves.at(-1)!
    const blocks = await this.read(snapshot, leaf)
    return (blocks.find(holds) ?? blocks.at(-1)!).start
  }

  /** Counts a space as of a snapshot, whose leaves are written at once; the root is the caller's to write. */
  async build(snapshot: DatabaseSnapshot, signal: AbortSignal): Promise<RankRoot> {
    const leaves: LeafEntry[] = []
    let blocks: RankCounts[] = []
    const write = async (): Promise<void> => {
      const entry = this.#entry(leaves.length, blocks)
      await this.#store.put(leafKey(this.#keys, this.space.number, entry.number), encodeLeaf(blocks))
      leaves.push(entry)
      blocks = []
    }
    let last = ''
    const { gte, lt } = this.space.range
    for await (const { block, end } of scanBlocks(snapshot, this.space, { gte, lt })) {
      signal.throwIfAborted()
      blocks.push(leaves.length === 0 && blocks.length === 0 ? { ...block, start: '' } : block)
      last = end
      if (blocks.length === LEAF_BLOCKS) await write()
    }
    if (blocks.length === 0 && leaves.length === 0) blocks.push({ start: '', ...totalOf([]) })
    if (blocks.length > 0) await write()
    return {
      seq: snapshot.state.seq,
      next: leaves.length,
      last,
      leaves,
      digest: undefined,
      keepsDigests: false,
    }
  }

  putRoot(batch: StoreBatch, root: RankRoot): void {
    batch.put(rootKey(this.#keys, this.space.number), encodeRoot(root))
  }

  /**
   * Puts the tree with changes counted into a batch.
   *
   * @param changes in the order of their texts, one of each
   * @param snapshot the moment behind the changes
   * @returns the new root
   */
  async update(
    root: RankRoot,
    changes: readonly RankChange[],
    snapshot: DatabaseSnapshot,
    batch: StoreBatch,
  ): Promise<RankRoot> {
    const update = new RankUpdate(root)
    const inner = changes.filter(({ text }) => text <= root.last)
    for (const [at, ofLeaf] of byRange(root.leaves, inner)) {
      const leaf = root.leaves[at]!
      const end = root.leaves[at + 1]?.start
      const before = await this.read(snapshot, leaf)
      const blocks = await this.#count(before, ofLeaf, { end, snapshot })
      update.leaves.set(leaf, { blocks, digest: addDigests(leaf.digest, totalOf(ofLeaf).digest) })
    }
    // What is behind all others needs no reading: sequences, and ids that ascend.
    const behind = changes.slice(inner.length)
    if (behind.length > 0) {
      const leaf = root.leaves.at(-1)!
      const { blocks, digest } = update.leaves.get(leaf) ?? {
        blocks: await this.read(snapshot, leaf),
        digest: leaf.digest,
      }
      const sum = addDigests(digest, totalOf(behind).digest)
      update.leaves.set(leaf, { blocks: appended(blocks, behind), digest: sum })
    }
    const leaves = await this.#arrange(update, snapshot, batch)
    const last = behind.at(-1)?.text ?? root.last
    const digest = addDigests(root.digest, totalOf(changes).digest)
    const { keepsDigests } = root
    const updated = { seq: snapshot.state.seq, next: update.next, last, leaves, digest, keepsDigests }
    this.putRoot(batch, updated)
    return updated
  }

  /** Counts changes in the blocks of a leaf, cuts blocks that became large and joins those that became small. */
  async #count(
    before: readonly RankCounts[],
    changes: readonly RankChange[],
    { end, snapshot }: { end: string | undefined; snapshot: DatabaseSnapshot },
  ): Promise<RankCounts[]> {
    const blocks = [...before]
    for (const [at, ofBlock] of byRange(before, changes)) {
      const block = blocks[at]!
      blocks[at] = { start: block.start, ...totalOf([block, ...ofBlock]) }
    }
    const counted: RankCounts[] = []
    for (const [at, block] of blocks.entries()) {
      const previous = counted.at(-1)
      if (block.keys >= MANY_KEYS) {
        counted.push(...(await this.#cut(block, blocks[at + 1]?.start ?? end, snapshot)))
      } else if (previous !== undefined && previous.keys + block.keys <= FEW_KEYS) {
        counted[counted.length - 1] = { start: previous.start, ...totalOf([previous, block]) }
      } else counted.push(block)
    }
    return counted
  }

  async #cut(block: RankCounts, end: string | undefined, snapshot: DatabaseSnapshot): Promise<RankCounts[]> {
    const { start, keys, counted } = block
    const blocks: RankCounts[] = []
    const all = keys === counted
    try {
      for await (const { block: part } of scanBlocks(snapshot, this.space, this.rangeOf(start, end), all)) {
        blocks.push(blocks.length === 0 ? { ...part, start } : part)
      }
    } catch (error) {
      // A document that is damaged costs those beside it nothing but time.
      if (error instanceof DamagedValueError) return [block]
      throw error
    }
    if (blocks.length === 1) return [{ ...blocks[0]!, digest: block.digest }]
    return blocks.length === 0 ? [{ start, ...totalOf([]) }] : blocks
  }

  /** Puts the leaves that changed into the batch, cut where they became large and joined where they became small. */
  async #arrange(update: RankUpdate, snapshot: DatabaseSnapshot, batch: StoreBatch): Promise<LeafEntry[]> {
    const { leaves, root } = update
    const entries: LeafEntry[] = []
    const contents = new Map<LeafEntry, readonly RankCounts[]>()
    const push = (number: number, blocks: readonly RankCounts[], digest?: Digest): void => {
      const entry = this.#entry(number, blocks, digest)
      contents.set(entry, blocks)
      entries.push(entry)
    }
    const remove = ({ number }: LeafEntry): void =>
      void batch.del(leafKey(this.#keys, this.space.number, number))
    for (const leaf of root.leaves) {
      const { blocks, digest } = leaves.get(leaf) ?? { digest: leaf.digest }
      const previous = entries.at(-1)
      const size = (blocks?.length ?? leaf.blocks) + (previous?.blocks ?? Infinity)
      const isChanged = blocks !== undefined || (previous !== undefined && contents.has(previous))
      if (previous !== undefined && isChanged && size <= FEW_BLOCKS) {
        const own = blocks ?? (await this.read(snapshot, leaf))
        const others = contents.get(previous) ?? (await this.read(snapshot, previous))
        entries.pop()
        contents.delete(previous)
        remove(leaf)
        push(previous.number, [...others, ...own], addDigests(previous.digest, digest))
      } else if (blocks === undefined) entries.push(leaf)
      else if (blocks.length < 2 * LEAF_BLOCKS) push(leaf.number, blocks, digest)
      else {
        for (let from = 0; from < blocks.length; from += LEAF_BLOCKS)
          push(from === 0 ? leaf.number : update.next++, blocks.slice(from, from + LEAF_BLOCKS))
      }
    }
    for (const [{ number }, blocks] of contents)
      batch.put(leafKey(this.#keys, this.space.number, number), encodeLeaf(blocks))
    return entries
  }

  /** @param digest of the leaf, where it is known: digests of blocks may not be */
  #entry(number: number, blocks: readonly RankCounts[], digest?: Digest): LeafEntry {
    const total = totalOf(blocks)
    return {
      start: blocks[0]?.start ?? '',
      ...total,
      digest: digest ?? total.digest,
      number,
      blocks: blocks.length,
    }
  }

  /** Returns the keys from one start to another. */
  rangeOf(start: string, end: string | undefined): KeyRange {
    const { gte, lt } = this.space.range
    return {
      gte: start === '' ? gte : this.space.keyOf(start),
      lt: end === undefined ? lt : this.space.keyOf(end),
    }
  }

  /** Returns the blocks of a leaf. */
  async read(snapshot: DatabaseSnapshot, { number }: LeafEntry): Promise<RankCounts[]> {
    const record = await this.#record(snapshot, leafKey(this.#keys, this.space.number, number))
    if (record === undefined) throw new BrokenTreeError(`the leaf ${number} is missing`)
    return decodeLeaf(record)
  }

  async #record(snapshot: DatabaseSnapshot, key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const [record] = await snapshot.getMany([key])
      return record
    } catch (error) {
      if (error instanceof DamagedValueError) throw new BrokenTreeError(error.message)
      throw error
    }
  }
}
