import { type DatabaseKeys, KeySpace } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import { decodeState, type DatabaseState } from '../state.ts'
import { DigestsAtMoment } from './digests-at-moment.ts'
import { DigestFiller } from './fill-digests.ts'
import { Moments } from './moments.ts'
import { PendingCommits } from './pending-commits.ts'
import { readJournal } from './rank-journal.ts'
import { journalKey, rootKey } from './rank-keys.ts'
import { decodeRoot } from './rank-nodes.ts'
import { BrokenTreeError, RankTree } from './rank-tree.ts'
import { type CommitDigests, rankedCommit } from './commit-digests.ts'
import { changesSpace, documentsSpace, type RankedCommit } from './ranked-space.ts'
import { type Moment, type Rank, RanksAtMoment } from './ranks-at-moment.ts'
import { buildTrees, updateTree } from './write-trees.ts'

/** Answers how many documents, or changes, lie in front of one. */
export type Ranks = Pick<DatabaseRanks, 'documentsBefore' | 'changesBefore'>

/** Databases of so few documents have no tree: counting is as fast, and writing one would cost each of many. */
const FEW_DOCUMENTS = 2000

/** Changes that are counted in memory: so many are put into the tree together. */
const MANY_CHANGES = 8192

/** After so long without many changes those that there are go into the tree, so that they take no memory. */
const IDLE_MS = 5000

/**
 * Places in a database's lists: the `offset` of a listing, the changes `pending` behind a sequence. LevelDB has no order
 * statistics, so a tree of counts is kept beside the documents. It is written behind the commits, many at a time, and says
 * up to which sequence it counts; each commit behind that leaves in its own batch what is needed to count it later
 * (`rank-journal.ts`). A tree that is missing, or lacks a part of its journal, is made in the background.
 *
 * A snapshot says with its update sequence which commits it holds, and holds a tree of that moment or before. That makes
 * ranks exact: the tree, the commits behind it, which are in memory, and the keys of one block of the snapshot.
 */
export class DatabaseRanks {
  readonly #store: Store
  readonly #keys: DatabaseKeys
  readonly #documents: RankTree
  readonly #changes: RankTree
  readonly #trees: readonly RankTree[]
  /** True where commits leave a journal: from before the tree is made. */
  #hasTree: boolean
  #keepsDigests: boolean
  #ready: Promise<void> | undefined
  #isReady = false
  /** True where the tree cannot be read, and is made again. */
  #isDamaged = false
  /** Applied commits behind the tree. */
  readonly #pending = new PendingCommits()
  /** Differences in digests by commits that are not applied yet, by their update sequences. */
  readonly #expected = new Map<number, CommitDigests>()
  readonly #filler: DigestFiller
  readonly #moments: Moments
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** The last sequence that was applied. */
  #applied: number
  readonly #closing = new AbortController()

  /** @param stored the update sequence, and the record under {@link treeKey} */
  constructor(store: Store, keys: DatabaseKeys, stored: { seq: number; root: Uint8Array | undefined }) {
    this.#store = store
    this.#keys = keys
    this.#documents = new RankTree(store, keys, documentsSpace(keys))
    this.#changes = new RankTree(store, keys, changesSpace(keys))
    this.#trees = [this.#documents, this.#changes]
    this.#applied = stored.seq
    this.#moments = new Moments(store, keys, stored.seq)
    this.#filler = new DigestFiller(store, keys, this.#documents)
    this.#hasTree = stored.root !== undefined
    this.#keepsDigests = stored.root !== undefined && decodeRoot(stored.root).keepsDigests
  }

  /** The key of a record that is there where there is a tree. */
  static treeKey(keys: DatabaseKeys): Uint8Array {
    return rootKey(keys, 0)
  }

  /** True where a commit is to write a journal. */
  get hasJournal(): boolean {
    return this.#hasTree
  }

  get keepsDigests(): boolean {
    return this.#keepsDigests
  }

  /** Counts the documents that are not deleted and whose key (of `KeySpace.document`) is below `key`. */
  documentsBefore(key: Uint8Array): Promise<Rank> {
    return this.#rank(this.#documents, key)
  }

  /** Counts the documents whose latest change has a lower sequence number than `seq`. */
  changesBefore(seq: number): Promise<Rank> {
    return this.#rank(this.#changes, this.#keys.number(KeySpace.change, seq))
  }

  /** Takes what a commit that is about to be written changes in digests. */
  expect(seq: number, digests: CommitDigests): void {
    this.#expected.set(seq, digests)
  }

  /**
   * Computes with digests of the documents at one moment. The first time all documents are read for it; from then on
   * digests are kept up with every commit.
   */
  async withDigests<T>(
    use: (digests: DigestsAtMoment, moment: { readonly seq: number }) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const isSmall = !this.#hasTree && (await this.#isSmall())
    if (!isSmall) {
      this.#keepsDigests = true
      await this.#allFilled(signal)
    }
    const moment = await this.#moment()
    try {
      const root = isSmall ? undefined : await this.#documents.root(moment.snapshot)
      const digests = new DigestsAtMoment(this.#documents, root, moment, signal)
      const result = await use(digests, moment.snapshot.state)
      this.#filler.want(digests.scannedLeaves)
      if (this.#filler.isWanted) this.#writeLater()
      return result
    } catch (error) {
      if (this.#discard(error)) return await this.withDigests(use, signal)
      throw error
    } finally {
      await moment.snapshot.close()
    }
  }

  /** Waits until the digest of all documents is known; gives up when each leaf had its turn twice. */
  async #allFilled(signal: AbortSignal): Promise<void> {
    await this.#prepared()
    for (let round = 0; ; round++) {
      const { snapshot } = await this.#moment()
      const root = await this.#documents.root(snapshot).finally(() => snapshot.close())
      if (root === undefined || root.digest !== undefined || round > 2 * root.leaves.length) return
      signal.throwIfAborted()
      await this.#writeSoon()
    }
  }

  /** Takes in a commit that is on disk, in order. */
  apply({ state, changes, removals }: Omit<RankedCommit, 'seq'> & { readonly state: DatabaseState }): void {
    const { seq } = state
    const commit = rankedCommit({ seq, changes, removals }, this.#expected.get(seq))
    this.#expected.delete(seq)
    if (seq > this.#applied) this.#note(commit, state.docs + state.deletedDocs)
    this.#applied = seq
    this.#moments.reach(seq)
  }

  /** Begins again from what the store has: commits that were applied may not be on disk. */
  async reload({ state }: { readonly state: DatabaseState }): Promise<void> {
    await this.#settled()
    this.#applied = Math.max(this.#applied, state.seq)
    this.#moments.reach(this.#applied)
    this.#hasTree = (await this.#store.get(DatabaseRanks.treeKey(this.#keys))) !== undefined
    this.#ready = undefined
    this.#isReady = false
    this.#pending.clear()
    this.#expected.clear()
  }

  /** Waits for what is being written. What is not counted yet is in the journal. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the database was closed'))
    clearTimeout(this.#timer)
    await this.#settled()
  }

  async #settled(): Promise<void> {
    this.#moments.reach(Infinity)
    await this.#ready?.catch(() => undefined)
    await this.#writing
  }

  #note(commit: RankedCommit, documents: number): void {
    if (!this.#hasTree) {
      if (documents <= FEW_DOCUMENTS) return
      this.#hasTree = true
    }
    this.#pending.push(commit)
    if (this.#closing.signal.aborted) return
    if (this.#pending.changes >= MANY_CHANGES) void this.#writeSoon()
    else this.#writeLater()
  }

  #writeLater(): void {
    this.#timer ??= setTimeout(() => void this.#writeSoon(), IDLE_MS).unref()
  }

  #writeSoon(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // What fails is tried again with the next changes: until then they are in the journal.
    return (this.#writing ??= this.#write()
      .then(() => this.#fill())
      .catch((error: unknown) => void this.#discard(error))
      .finally(() => (this.#writing = undefined)))
  }

  /** Puts the pending commits into the trees. */
  async #write(): Promise<void> {
    await this.#prepared()
    const moment = await this.#moment()
    const { snapshot } = moment
    try {
      const batch = this.#store.batch()
      for (const tree of this.#trees) await updateTree(tree, moment, batch)
      for (const seq of this.#pending.recordsUpTo(snapshot.state.seq)) batch.del(journalKey(this.#keys, seq))
      if (this.#closing.signal.aborted) return
      await batch.write()
      this.#pending.forget(snapshot.state.seq)
    } finally {
      await snapshot.close()
    }
  }

  /** Reads documents whose digests are not known, of one leaf. */
  async #fill(): Promise<void> {
    if (!this.#keepsDigests) return
    const moment = await this.#moment()
    try {
      if (await this.#filler.fill(moment, this.#closing.signal)) this.#writeLater()
    } finally {
      await moment.snapshot.close()
    }
  }

  #prepared(): Promise<void> {
    this.#hasTree = true
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    })
    return this.#ready
  }

  /** Reads what is behind the tree, or makes one. */
  async #prepare(): Promise<void> {
    const { snapshot } = await this.#moment()
    try {
      const root = this.#isDamaged ? undefined : await this.#documents.root(snapshot)
      const journal = root && (await readJournal(snapshot, this.#keys, root.seq))
      const { seq } = snapshot.state
      if (journal === undefined)
        await buildTrees(
          { store: this.#store, keys: this.#keys },
          this.#trees,
          snapshot,
          this.#closing.signal,
        )
      this.#pending.forget(seq)
      if (journal !== undefined) this.#pending.unshift(journal)
      this.#isReady = true
      this.#isDamaged = false
    } finally {
      await snapshot.close()
    }
  }

  async #rank(tree: RankTree, key: Uint8Array): Promise<Rank> {
    const isSmall = !this.#hasTree && (await this.#isSmall())
    if (!isSmall && !this.#isReady) await this.#prepared()
    const moment = await this.#moment()
    try {
      const root = isSmall ? undefined : await tree.root(moment.snapshot)
      const counting = new RanksAtMoment(tree, root, moment)
      const before = await counting.before(key)
      return { before, snapshot: moment.snapshot, near: (rank, side) => counting.near(rank, side) }
    } catch (error) {
      await moment.snapshot.close()
      if (this.#discard(error)) return this.#rank(tree, key)
      throw error
    }
  }

  /** Has the tree made again where its records are not what was written. @returns whether it will be */
  #discard(error: unknown): boolean {
    if (!(error instanceof BrokenTreeError) || !this.#isReady) return false
    this.#isReady = false
    this.#isDamaged = true
    this.#ready = undefined
    return true
  }

  async #isSmall(): Promise<boolean> {
    const { docs, deletedDocs } = decodeState(await this.#store.get(this.#keys.state))
    return docs + deletedDocs <= FEW_DOCUMENTS
  }

  #moment(): Promise<Moment> {
    return this.#moments.now(() => this.#pending.commits)
  }
}
