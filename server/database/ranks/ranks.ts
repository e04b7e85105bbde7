import { type DatabaseKeys, KeySpace } from '../../storage/keys.ts'
import type { Store } from '../../storage/store.ts'
import type { DatabaseState } from '../state.ts'
import { DatabaseSnapshot } from '../reading/snapshot.ts'
import { readJournal } from './rank-journal.ts'
import { journalKey, rootKey } from './rank-keys.ts'
import { BrokenTreeError, RankTree } from './rank-tree.ts'
import { changesSpace, documentsSpace, type RankedCommit } from './ranked-space.ts'
import { mergedChanges, type Moment, type RankedKey, RanksAtMoment, type Side } from './ranks-at-moment.ts'

/** Answers how many documents, or changes, lie in front of one. */
export type Ranks = Pick<DatabaseRanks, 'documentsBefore' | 'changesBefore'>

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

/** Databases of so few documents have no tree: counting is as fast, and writing one would cost each of many. */
const FEW_DOCUMENTS = 2000

/** Changes that are counted in memory: so many are put into the tree together. */
const MANY_CHANGES = 8192

/** After so long without many changes those that there are go into the tree, so that they take no memory. */
const IDLE_MS = 5000

/** Attempts at a snapshot of the moment up to which changes were counted; commits that hurry past cost one each. */
const ATTEMPTS = 20

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
  #ready: Promise<void> | undefined
  #isReady = false
  /** True where the tree cannot be read, and is made again. */
  #isDamaged = false
  /** Applied commits behind the tree. Replaced, never changed. */
  #pending: readonly RankedCommit[] = []
  #pendingChanges = 0
  /** Sequences of the journal's records. */
  #journal: number[] = []
  /** The update sequence up to which commits were applied. */
  #seq: number
  #writing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** The last sequence that was applied. */
  #applied: number
  readonly #closing = new AbortController()
  readonly #onApply: (() => void)[] = []

  /** @param stored the update sequence, and whether there is a tree */
  constructor(store: Store, keys: DatabaseKeys, stored: { seq: number; hasTree: boolean }) {
    this.#store = store
    this.#keys = keys
    this.#documents = new RankTree(store, keys, documentsSpace(keys))
    this.#changes = new RankTree(store, keys, changesSpace(keys))
    this.#trees = [this.#documents, this.#changes]
    this.#seq = this.#applied = stored.seq
    this.#hasTree = stored.hasTree
  }

  /** The key of a record that is there where there is a tree. */
  static treeKey(keys: DatabaseKeys): Uint8Array {
    return rootKey(keys, 0)
  }

  /** True where a commit is to write a journal. */
  get hasJournal(): boolean {
    return this.#hasTree
  }

  /** Counts the documents that are not deleted and whose key (of `KeySpace.document`) is below `key`. */
  documentsBefore(key: Uint8Array): Promise<Rank> {
    return this.#rank(this.#documents, key)
  }

  /** Counts the documents whose latest change has a lower sequence number than `seq`. */
  changesBefore(seq: number): Promise<Rank> {
    return this.#rank(this.#changes, this.#keys.number(KeySpace.change, seq))
  }

  /** Takes in a commit that is on disk, in order. */
  apply({ state, changes, removals }: Omit<RankedCommit, 'seq'> & { readonly state: DatabaseState }): void {
    const { seq } = state
    if (seq > this.#applied) this.#note({ seq, changes, removals }, state.docs + state.deletedDocs)
    this.#seq = this.#applied = seq
    this.#wake()
  }

  /** Begins again from what the store has: commits that were applied may not be on disk. */
  async reload({ state }: { readonly state: DatabaseState }): Promise<void> {
    this.#seq = Infinity
    this.#wake()
    await this.#settled()
    this.#seq = this.#applied = Math.max(this.#applied, state.seq)
    this.#hasTree = (await this.#store.get(DatabaseRanks.treeKey(this.#keys))) !== undefined
    this.#ready = undefined
    this.#isReady = false
    this.#pending = []
    this.#journal = []
    this.#pendingChanges = 0
  }

  /** Waits for what is being written. What is not counted yet is in the journal. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the database was closed'))
    clearTimeout(this.#timer)
    this.#seq = Infinity
    this.#wake()
    await this.#settled()
  }

  async #settled(): Promise<void> {
    await this.#ready?.catch(() => undefined)
    await this.#writing
  }

  #wake(): void {
    for (const resume of this.#onApply.splice(0)) resume()
  }

  #note(commit: RankedCommit, documents: number): void {
    if (!this.#hasTree) {
      if (documents <= FEW_DOCUMENTS) return
      this.#hasTree = true
    }
    this.#pending = [...this.#pending, withoutRecords(commit)]
    this.#journal.push(commit.seq)
    this.#pendingChanges += commit.changes.length + commit.removals.length
    if (this.#closing.signal.aborted) return
    if (this.#pendingChanges >= MANY_CHANGES) this.#writeSoon()
    else this.#timer ??= setTimeout(() => this.#writeSoon(), IDLE_MS).unref()
  }

  #writeSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // What fails is tried again with the next changes: until then they are in the journal.
    this.#writing ??= this.#write()
      .catch((error: unknown) => void this.#discard(error))
      .finally(() => (this.#writing = undefined))
  }

  /** Puts the pending commits into the trees. */
  async #write(): Promise<void> {
    await this.#prepared()
    const moment = await this.#moment()
    const { snapshot } = moment
    try {
      const commits = moment.pending.filter(({ seq }) => seq <= snapshot.state.seq)
      const batch = this.#store.batch()
      for (const tree of this.#trees) {
        const root = await tree.root(snapshot)
        if (root === undefined) throw new BrokenTreeError('there is no root')
        const behind = commits.filter(({ seq }) => seq > root.seq)
        await tree.update(root, mergedChanges(tree, behind), snapshot, batch)
      }
      const done = this.#journal.filter(seq => seq <= snapshot.state.seq)
      for (const seq of done) batch.del(journalKey(this.#keys, seq))
      if (this.#closing.signal.aborted) return
      await batch.write()
      this.#forget(snapshot.state.seq)
    } finally {
      await snapshot.close()
    }
  }

  #forget(seq: number): void {
    this.#pending = this.#pending.filter(commit => commit.seq > seq)
    this.#journal = this.#journal.filter(at => at > seq)
    this.#pendingChanges = this.#pending.reduce(
      (sum, { changes, removals }) => sum + changes.length + removals.length,
      0,
    )
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
      if (journal === undefined) await this.#build(snapshot)
      this.#forget(seq)
      if (journal !== undefined && journal.records.length > 0) {
        this.#pending = [journal.commit, ...this.#pending]
        this.#journal = [...journal.records, ...this.#journal]
        this.#pendingChanges += journal.commit.changes.length
      }
      this.#isReady = true
      this.#isDamaged = false
    } finally {
      await snapshot.close()
    }
  }

  async #build(snapshot: DatabaseSnapshot): Promise<void> {
    const { gte } = this.#keys.range(KeySpace.rank)
    await this.#store.clear({ gte, lt: journalKey(this.#keys, snapshot.state.seq + 1) })
    const roots = []
    for (const tree of this.#trees) {
      roots.push([tree, await tree.build(snapshot, this.#closing.signal)] as const)
    }
    const batch = this.#store.batch()
    for (const [tree, root] of roots) tree.putRoot(batch, root)
    await batch.write()
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
    const snapshot = new DatabaseSnapshot(this.#store, this.#keys)
    await snapshot.close()
    return snapshot.state.docs + snapshot.state.deletedDocs <= FEW_DOCUMENTS
  }

  /** A snapshot of a moment up to which commits were applied, with those of them that are not in the store's tree. */
  async #moment(): Promise<Moment> {
    for (let attempt = 1; ; attempt++) {
      const snapshot = new DatabaseSnapshot(this.#store, this.#keys)
      const pending = this.#pending
      const { seq } = snapshot.state
      if (seq <= this.#seq || attempt === ATTEMPTS) return { snapshot, pending }
      await snapshot.close()
      // The commit is on disk: that it is applied is a matter of turns of the event loop, of which closing took some.
      if (this.#seq < seq) await new Promise<void>(resolve => this.#onApply.push(resolve))
    }
  }
}

/** A copy that does not hold the rendered rows in memory. */
function withoutRecords({ seq, changes, removals }: RankedCommit): RankedCommit {
  return {
    seq,
    changes: changes.map(({ seq, id, previousSeq, wasLive, isLive }) => ({
      seq,
      id,
      previousSeq,
      wasLive,
      isLive,
    })),
    removals,
  }
}
