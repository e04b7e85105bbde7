import type { DatabaseSnapshot } from '../reading/snapshot.ts'
import { BLOCK_KEYS, RankBlocks } from './rank-blocks.ts'

/** The keys whose ranks are asked. */
export interface RankedSpace {
  readonly range: { readonly gte: Uint8Array; readonly lt: Uint8Array }
  /** Returns true if the key of the record counts. */
  readonly counts: (record: Uint8Array) => boolean
}

/** A key that began to count (1), or stopped (-1). */
export interface RankChange {
  readonly key: Uint8Array
  readonly difference: number
}

/** Number of counted keys in front of a key as of a snapshot, which the caller closes. */
export interface Rank {
  readonly before: number
  readonly snapshot: DatabaseSnapshot
}

const KEYS_AT_A_TIME = 1000
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 }

/** A block that grew to so many keys is cut when it is scanned. */
const LARGE_BLOCK = 4 * BLOCK_KEYS

/** Attempts at a snapshot of the moment up to which changes were counted; commits that hurry past cost one each. */
const ATTEMPTS = 20

/**
 * Tells how many keys are in front of a key: the `offset` of a listing, the changes `pending` behind a sequence. LevelDB
 * has no order statistics, so the range is scanned once, when the first rank is asked, and its keys are counted in blocks;
 * from then on commits keep the counts, and a rank costs a sum over the blocks and the scan of one.
 *
 * A snapshot says with its update sequence which commits it holds. That makes counts exact: a scan is completed by the
 * commits behind its snapshot, and a rank is read at a moment up to which everything was counted.
 */
export class RankIndex {
  readonly #space: RankedSpace
  readonly #snapshot: () => DatabaseSnapshot
  #blocks: RankBlocks | undefined
  #building: Promise<RankBlocks> | undefined
  #splitting: Promise<void> | undefined
  /** The update sequence up to which commits were counted. */
  #seq = -1
  #lastKey: Uint8Array
  /** Commits since the oldest scan under way began. */
  #journal: { seq: number; changes: readonly RankChange[] }[] = []
  #scans = 0
  readonly #onApply: (() => void)[] = []

  constructor(space: RankedSpace, snapshot: () => DatabaseSnapshot) {
    this.#space = space
    this.#snapshot = snapshot
    this.#lastKey = space.range.gte
  }

  /** Counts what a commit changed. Called for each commit once it is on disk, in their order. */
  apply(seq: number, changes: readonly RankChange[]): void {
    this.#seq = seq
    if (this.#scans > 0) this.#journal.push({ seq, changes })
    if (this.#blocks !== undefined) this.#count(this.#blocks, changes)
    for (const resume of this.#onApply.splice(0)) resume()
  }

  /** Lets whoever waits for a commit go on: no more commits are going to be counted here. */
  retire(): void {
    this.#seq = Infinity
    for (const resume of this.#onApply.splice(0)) resume()
  }

  /** The number of keys in front of a key, which need not exist. */
  async rank(key: Uint8Array): Promise<Rank> {
    const blocks = this.#blocks ?? (await (this.#building ??= this.#build()))
    if (blocks.counts[blocks.find(key)]! > LARGE_BLOCK) await this.#splitOnce(blocks, blocks.find(key))
    const snapshot = await this.#currentSnapshot()
    try {
      const block = blocks.find(key)
      const before = blocks.before(block)
      return { before: before + (await this.#countRange(snapshot, blocks.starts[block]!, key)), snapshot }
    } catch (error) {
      await snapshot.close()
      throw error
    }
  }

  /** A snapshot of the moment that the counts describe; after many attempts, one close to it. */
  async #currentSnapshot(): Promise<DatabaseSnapshot> {
    for (let attempt = 1; ; attempt++) {
      const snapshot = this.#snapshot()
      const { seq } = snapshot.state
      if (seq <= this.#seq || attempt === ATTEMPTS) return snapshot
      await snapshot.close()
      // The commit is on disk: that it is counted is a matter of turns of the event loop, of which closing took some.
      if (this.#seq < seq) await new Promise<void>(resolve => this.#onApply.push(resolve))
    }
  }

  async #build(): Promise<RankBlocks> {
    const { gte, lt } = this.#space.range
    const blocks = await this.#scan(gte, lt)
    this.#blocks = blocks
    return blocks
  }

  /** One block is cut at a time. */
  async #splitOnce(blocks: RankBlocks, block: number): Promise<void> {
    this.#splitting ??= this.#split(blocks, block).finally(() => (this.#splitting = undefined))
    await this.#splitting
  }

  async #split(blocks: RankBlocks, block: number): Promise<void> {
    const start = blocks.starts[block]!
    const end = blocks.starts[block + 1] ?? this.#space.range.lt
    const parts = await this.#scan(start, end)
    blocks.replace(blocks.find(start), parts)
  }

  /** Counts a range in blocks as of now: the keys of a snapshot, and what was committed behind it. */
  async #scan(gte: Uint8Array, lt: Uint8Array): Promise<RankBlocks> {
    this.#scans += 1
    const snapshot = this.#snapshot()
    const iterator = snapshot.iterator({ gte, lt, ...READ_AHEAD })
    const starts: Uint8Array[] = [gte]
    const counts: number[] = [0]
    let keys = 0
    try {
      for (;;) {
        const entries = await iterator.nextv(KEYS_AT_A_TIME)
        if (entries.length === 0) break
        for (const [key, record] of entries) {
          if (keys > 0 && keys % BLOCK_KEYS === 0) {
            starts.push(key)
            counts.push(0)
          }
          keys += 1
          if (this.#space.counts(record)) counts[counts.length - 1]! += 1
        }
        this.#sawKey(entries.at(-1)![0])
      }
      const blocks = new RankBlocks(starts, counts)
      for (const { seq, changes } of this.#journal) {
        if (seq > snapshot.state.seq)
          this.#count(
            blocks,
            changes.filter(change => isWithin(change.key, gte, lt)),
          )
      }
      this.#seq = Math.max(this.#seq, snapshot.state.seq)
      return blocks
    } finally {
      this.#scans -= 1
      if (this.#scans === 0) this.#journal = []
      await iterator.close()
      await snapshot.close()
    }
  }

  #count(blocks: RankBlocks, changes: readonly RankChange[]): void {
    for (const { key, difference } of changes) blocks.add(key, difference, this.#sawKey(key))
  }

  /** @returns whether the key is behind all that were seen */
  #sawKey(key: Uint8Array): boolean {
    if (Buffer.compare(key, this.#lastKey) <= 0) return false
    this.#lastKey = key
    return true
  }

  async #countRange(snapshot: DatabaseSnapshot, gte: Uint8Array, lt: Uint8Array): Promise<number> {
    if (Buffer.compare(gte, lt) >= 0) return 0
    const iterator = snapshot.iterator({ gte, lt, ...READ_AHEAD })
    let count = 0
    try {
      for (;;) {
        const entries = await iterator.nextv(KEYS_AT_A_TIME)
        if (entries.length === 0) return count
        for (const [, record] of entries) if (this.#space.counts(record)) count += 1
      }
    } finally {
      await iterator.close()
    }
  }
}

function isWithin(key: Uint8Array, gte: Uint8Array, lt: Uint8Array): boolean {
  return Buffer.compare(key, gte) >= 0 && Buffer.compare(key, lt) < 0
}
