import type { DocId } from '../../../../protocol/document-id.ts'
import type { Database } from '../../../database/database.ts'
import { purgesAfter } from '../../../database/maintenance/purge-log.ts'
import type { Reducer } from '../../reduce/reducer.ts'
import { ROW_FIELDS, type PackedRows } from '../../../sandbox/messages.ts'
import { AnswerCache } from '../cache/answer-cache.ts'
import { BatchSize } from './batch-size.ts'
import type { BuildProgress, BuildResult, IndexSizes } from './build-result.ts'
import { changedDocuments, type ChangedDocument, type IndexBatch } from './changed-documents.ts'
import type { IndexDefinition } from '../definition.ts'
import type { IndexStore, StoreSnapshot } from '../../../database/indexes/index-store.ts'
import { decodeIndexState, encodeIndexState, type IndexState } from './index-state.ts'
import { IndexCompaction } from './index-compaction.ts'
import { NodeCache } from '../cache/node-cache.ts'
import { ReductionTree } from '../reductions/reduction-tree.ts'
import { pipeline } from './pipeline.ts'
import { RowChanges } from './row-changes.ts'
import { IndexKeys } from '../row-key.ts'

/** Makes rows of documents: map functions in the sandbox, or the fields of a Mango index. */
export type MapDocuments = (documents: readonly ChangedDocument[], keys: IndexKeys) => Promise<PackedRows>

/** Nodes are of use to views: a Mango query reads rows alone. */
export type IndexPart = 'rows' | 'nodes'

/** Bytes of a row's key besides the sort key and the document's id: prefix, view and ordinal. */
const ROW_OVERHEAD = 18

/** Approximate bytes of an index besides its rows. */
const INDEX_OVERHEAD = 4096

const NO_ROWS: PackedRows = { bytes: new Uint8Array(0), index: new Uint32Array(0) }

/** Number of changes above which rows are indexed without nodes, which are then rebuilt in one pass over the rows. */
const MANY_CHANGES = 2000

/** Time that a row takes whose nodes are put in place, in proportion to one in a pass over all rows. */
const COST_OF_UPDATE = 4

/**
 * The index of a design document's views: rows in the order of their keys, and nodes with counts and reductions. Each
 * batch of rows is written with the sequence that it leads to, so that a build that was cut off goes on where it was.
 */
export class ViewIndex {
  readonly definition: IndexDefinition
  readonly store: IndexStore
  readonly keys: IndexKeys
  readonly reducers: readonly (Reducer | undefined)[]
  readonly answers = new AnswerCache()
  readonly compaction: IndexCompaction
  /** Called after each build. */
  onBuild: ((result: BuildResult) => void) | undefined
  readonly #nodes = new Map<number, NodeCache>()
  readonly #database: Database
  readonly #map: MapDocuments
  readonly #trees: readonly ReductionTree[]
  readonly #closing = new AbortController()
  #state: IndexState
  #running: Promise<void> | undefined
  #progress: BuildProgress | undefined
  /** Bytes of the state's `replacedSize` that compactions freed; the next batch subtracts them. */
  #reclaimed = 0

  constructor(
    database: Database,
    definition: IndexDefinition,
    options: { map: MapDocuments; reducers: readonly (Reducer | undefined)[] },
  ) {
    this.#database = database
    this.definition = definition
    this.reducers = options.reducers
    this.#map = options.map
    const store = database.indexes.of(definition.signature)
    this.store = store
    this.keys = new IndexKeys(store.prefix)
    this.#trees = options.reducers.map((reducer, view) => new ReductionTree(store, this.keys, view, reducer))
    this.compaction = new IndexCompaction(store, this.keys, definition.views.length)
    this.#state = this.readState(store.getSync(this.keys.state))
  }

  get state(): IndexState {
    return this.#state
  }

  /** Progress of the running build; undefined if none runs. */
  get progress(): Readonly<BuildProgress> | undefined {
    return this.#progress
  }

  /** The state in a record of the store. */
  readState(record: Uint8Array | undefined): IndexState {
    return decodeIndexState(record, this.definition.signature, this.definition.views.length)
  }

  /** The nodes of a view that are kept for a state of the index. */
  nodesAt(view: number, { seq, rows }: IndexState): NodeCache {
    const known = this.#nodes.get(view)
    if (known?.seq === seq) return known
    const cache = new NodeCache(seq, rows[view] ?? 0)
    if (seq === this.#state.seq) this.#nodes.set(view, cache)
    return cache
  }

  /** Returns whether the index lacks changes or nodes. */
  isBehind(needed: IndexPart): boolean {
    return this.#isBehind(this.#database.state.seq, needed)
  }

  /**
   * Indexes the changes up to the database's sequence at the call.
   *
   * @param needed `rows` is cheaper for an index whose nodes were never queried
   * @throws what map functions end with: `os_process_error` when one takes too long
   */
  async update(needed: IndexPart): Promise<void> {
    const wanted = this.#database.state.seq
    while (this.#isBehind(wanted, needed)) {
      this.#running ??= this.#run(needed).finally(() => {
        this.#running = undefined
      })
      await this.#running
    }
  }

  /** Reads the state again from a store that was opened again: what was written last may be there or not. */
  async reload(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined)
    this.#state = this.readState(this.store.getSync(this.keys.state))
    this.#nodes.clear()
    this.answers.clear()
  }

  /**
   * Returns sizes in bytes, as `_info` tells them. Rows that only a compaction removes count for the file, also while
   * they are not in LevelDB's tables yet.
   */
  async sizes(): Promise<IndexSizes> {
    const { externalSize: active, rows } = this.#state
    const external = Math.max(0, active - sum(rows) * ROW_OVERHEAD)
    const onDisk = await this.store.sizeOf(this.keys.all())
    const stored = Math.max(onDisk, active + this.#replacedSize())
    return { file: stored === 0 ? 0 : stored + INDEX_OVERHEAD, external, active }
  }

  /** Compacts once, or waits for the compaction that runs. @param signal stops it between two pieces */
  async compact(signal?: AbortSignal): Promise<void> {
    const { replacedSize = 0 } = this.#state
    await this.compaction.run(signal)
    if (signal?.aborted !== true) this.#reclaimed = replacedSize
  }

  /** Ends a build and a compaction that run. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the index was closed'))
    await this.#running?.catch(() => undefined)
    await this.compaction.close()
  }

  #replacedSize(): number {
    return Math.max(0, (this.#state.replacedSize ?? 0) - this.#reclaimed)
  }

  #isBehind(seq: number, needed: IndexPart): boolean {
    return this.#state.seq < seq || (needed === 'nodes' && !this.#state.hasNodes)
  }

  async #run(needed: IndexPart): Promise<void> {
    const snapshot = this.store.snapshot()
    const began = performance.now()
    const isFresh = this.#state.seq === 0
    let error: unknown
    try {
      await this.#indexUpTo(snapshot, this.#database.state.seq, needed)
    } catch (cause) {
      error = cause
      throw cause
    } finally {
      await snapshot.close()
      const changes = this.#progress?.done ?? 0
      this.#progress = undefined
      if (!this.#closing.signal.aborted)
        this.onBuild?.({ durationMs: performance.now() - began, changes, isFresh, error })
    }
  }

  async #indexUpTo(snapshot: StoreSnapshot, target: number, needed: IndexPart): Promise<void> {
    await this.#forgetPurged(snapshot)
    const isFresh = this.#state.seq === 0
    const total = target - this.#state.seq
    this.#progress = { started: Date.now(), updated: Date.now(), total, done: 0 }
    let inBulk = !this.#state.hasNodes || total > MANY_CHANGES || (isFresh && needed === 'rows')
    const { includeDesign, localSeq } = this.definition
    const size = new BatchSize()
    const options = { snapshot, includeDesign, localSeq, limit: () => size.limit }
    const batches = changedDocuments(this.#database, this.#state.seq, options)
    for await (const { batch, rows } of pipeline(batches, changes => this.#mapBatch(changes, size))) {
      this.#closing.signal.throwIfAborted()
      inBulk ||= this.#isCheaperInBulk(numberOf(rows))
      await this.#write(batch, rows, { isFresh, inBulk })
      this.#note(batch.documents.length)
    }
    if (this.#state.seq < target) await this.#save({ ...this.#state, seq: target })
    if (!inBulk || needed === 'rows') return
    for (const tree of this.#trees) await tree.rebuild(this.#closing.signal)
    await this.#save({ ...this.#state, hasNodes: true })
  }

  /**
   * Removes the rows of documents that were purged: nothing among the changes tells of them. Where the log no longer
   * goes back so far, the index is rebuilt.
   */
  async #forgetPurged(snapshot: StoreSnapshot): Promise<void> {
    const { purgeSeq, seq } = this.#state
    const ids = new Set<DocId>()
    let last = purgeSeq
    for await (const purge of purgesAfter(this.#database, purgeSeq, snapshot)) {
      if (last === purgeSeq && purge.purgeSeq > purgeSeq + 1 && seq > 0) await this.#clear()
      ids.add(purge.id)
      last = purge.purgeSeq
    }
    if (last === purgeSeq) return
    if (this.#state.seq > 0) {
      const documents = [...ids].map(id => ({ id, content: undefined }))
      const batch = { documents, seq: this.#state.seq }
      await this.#write(batch, NO_ROWS, { isFresh: false, inBulk: !this.#state.hasNodes })
    }
    await this.#save({ ...this.#state, purgeSeq: last })
    this.#nodes.clear()
  }

  async #clear(): Promise<void> {
    await this.store.clear(this.keys.all())
    this.#state = this.readState(undefined)
    this.#nodes.clear()
  }

  async #mapBatch(batch: IndexBatch, size: BatchSize): Promise<{ batch: IndexBatch; rows: PackedRows }> {
    const rows = await this.#map(batch.documents, this.keys)
    size.note(batch.documents.length, numberOf(rows))
    return { batch, rows }
  }

  /** Putting a row's nodes in place costs several times what a row costs when all nodes are made again. */
  #isCheaperInBulk(rows: number): boolean {
    return rows > MANY_CHANGES && rows * COST_OF_UPDATE > sum(this.#state.rows)
  }

  #note(documents: number): void {
    if (this.#progress === undefined) return
    this.#progress.done += documents
    this.#progress.updated = Date.now()
  }

  async #save(state: IndexState): Promise<void> {
    await this.store.put(this.keys.state, encodeIndexState(state))
    this.#state = state
  }

  async #write(
    { documents, seq }: IndexBatch,
    packed: PackedRows,
    { isFresh, inBulk }: { isFresh: boolean; inBulk: boolean },
  ): Promise<void> {
    const batch = this.store.batch()
    const rows = new RowChanges(batch, this.keys, {
      views: this.definition.views.length,
      keepsChanges: !inBulk,
    })
    const { rows: counts, externalSize } = this.#state
    const bytesOfRow = externalSize / Math.max(1, sum(counts))
    if (!isFresh) await rows.removeOld(documents, this.store, bytesOfRow)
    rows.put(documents, packed)
    for (const [view, tree] of this.#trees.entries()) {
      if (!inBulk) await tree.update(rows.changesOf(view), batch)
    }
    const state: IndexState = {
      ...this.#state,
      seq,
      rows: counts.map((count, view) => count + (rows.added[view] ?? 0)),
      externalSize: Math.max(0, externalSize + rows.addedBytes),
      replacedSize: this.#replacedSize() + rows.removedBytes,
      hasNodes: !inBulk,
    }
    batch.put(this.keys.state, encodeIndexState(state))
    await batch.write()
    this.#state = state
    this.#reclaimed = 0
  }
}

function numberOf({ index }: PackedRows): number {
  return index.length / ROW_FIELDS
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
