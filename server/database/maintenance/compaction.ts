import { setTimeout as pause } from 'node:timers/promises'
import { type RunResult, SingleRun } from '../../concurrency/single-run.ts'
import type { WorkQueue } from '../../concurrency/work-queue.ts'
import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { KeySpace, textOfKey } from '../../storage/keys.ts'
import { keyAfter, compactRange } from '../../storage/range-maintenance.ts'
import type { WritableDatabase } from './writable-database.ts'
import { mayHaveHistory } from '../documents/document-record.ts'
import { databaseSizes } from './database-sizes.ts'
import { STORAGE } from '../storage-of.ts'

const RECORDS_AT_A_TIME = 1000

/** Documents in a commit of a compaction: other writers wait for no more than these. */
const DOCUMENTS_IN_A_COMMIT = 200

/** Longest pause after a commit, in which other writers come first, in milliseconds. */
const MAX_PAUSE_MS = 50

/** Bodies whose room the store gives back in one go: a compaction that is stopped waits for no more. */
const BODIES_AT_A_TIME = 100_000

/** Behind all references to attachments' content, which have 30 bytes. */
const LAST = new Uint8Array(31).fill(0xff)

/** Progress of a compaction, for `_active_tasks`. */
export interface CompactionProgress {
  readonly phase: 'document_copy' | 'compact_store'
  /** Milliseconds since 1970. */
  readonly started: number
  readonly updated: number
  readonly done: number
  readonly total: number
}

/**
 * Compacts a database: the bodies of revisions that are no leaves go, with attachments that only they had, and the store
 * gives back the room. Goes on where writes go on; documents that change meanwhile are left to the next compaction. After
 * each commit it pauses for as long as that took, so that it has half of the writer at most.
 */
export class Compaction {
  readonly #database: WritableDatabase
  readonly #runs = new SingleRun(stop => this.#compact(stop), 'the database was closed')
  #again = false
  #progress: CompactionProgress | undefined
  /** The update sequence when the last one began. */
  #compactedSeq = 0
  #compactedFile = 0

  constructor(database: WritableDatabase) {
    this.#database = database
  }

  /** Sets the function that is called after each compaction, for logs and metrics. */
  set onEnd(listener: ((result: RunResult) => void) | undefined) {
    this.#runs.onEnd = listener
  }

  get running(): boolean {
    return this.#runs.isRunning
  }

  /** Undefined while none runs or it waits for its turn. */
  get progress(): CompactionProgress | undefined {
    return this.#progress
  }

  /** The update sequence at the last compaction since the database was opened, or 0. */
  get compactedSeq(): number {
    return this.#compactedSeq
  }

  /** Bytes of the file behind that compaction: what another one would not make smaller. */
  get compactedFile(): number {
    return this.#compactedFile
  }

  /**
   * Begins to compact, when it is its turn. What is asked for while it runs is done behind it, once.
   *
   * @param onFailure called with a failure
   */
  start(onFailure: (error: unknown) => void, queue: WorkQueue): void {
    if (this.#runs.isRunning) {
      this.#again = true
      return
    }
    this.run(queue)
      .catch((error: unknown) => {
        if (!this.#runs.isClosed) onFailure(error)
      })
      .finally(() => {
        if (this.#again && !this.#runs.isClosed) this.start(onFailure, queue)
      })
  }

  /**
   * Compacts once, or waits for the compaction that runs.
   *
   * @param signal stops it at the next document; what was done stays
   */
  run(queue: WorkQueue, signal?: AbortSignal): Promise<void> {
    if (!this.#runs.isRunning) this.#again = false
    return this.#runs.run(signal, queue)
  }

  /** Stops at the next document. Idempotent. */
  close(): Promise<void> {
    return this.#runs.close()
  }

  async #compact(stop: AbortSignal): Promise<void> {
    try {
      await this.#compactAll(stop)
    } finally {
      this.#progress = undefined
    }
  }

  async #compactAll(stop: AbortSignal): Promise<void> {
    const database = this.#database
    const { docs, deletedDocs, seq } = database.state
    this.#note({ phase: 'document_copy', started: Date.now(), done: 0, total: docs + deletedDocs })
    for await (const ids of this.#documentsWithHistory(stop)) {
      const began = performance.now()
      await database.write({ kind: 'clear_interior', ids })
      await pause(Math.min(MAX_PAUSE_MS, performance.now() - began), undefined, { signal: stop }).catch(
        () => undefined,
      )
    }
    if (stop.aborted) return
    await database.write({ kind: 'cut_purge_log' })
    await database.releaseAttachments()
    await this.#compactStore(stop)
    if (stop.aborted) return
    this.#compactedSeq = seq
    this.#compactedFile = (await databaseSizes(database[STORAGE], database.state)).file
  }

  /** Gives back the room piece by piece: of everything but the indexes, which are compacted for themselves. */
  async #compactStore(stop: AbortSignal): Promise<void> {
    const { state } = this.#database
    const { store, keys } = this.#database[STORAGE]
    const all = keys.withoutIndexes()
    const bounds = [keys.state, keys.number(KeySpace.body, 0)]
    for (let body = BODIES_AT_A_TIME; body < state.bodies; body += BODIES_AT_A_TIME)
      bounds.push(keys.number(KeySpace.body, body))
    bounds.push(keys.number(KeySpace.local, 0))
    const started = this.#progress?.started ?? Date.now()
    for (const [done, gte] of bounds.entries()) {
      if (stop.aborted) return
      this.#note({ phase: 'compact_store', started, done, total: bounds.length })
      const last = bounds[done + 1]
      const ends = [
        keyAfter(gte),
        last === undefined ? keys.bytes(KeySpace.attachment, LAST) : keyAfter(last),
      ] as const
      await compactRange(store, { gte, lt: last ?? all.lt }, ends)
    }
  }

  #note(progress: Omit<CompactionProgress, 'updated'>): void {
    this.#progress = { ...progress, updated: Date.now() }
  }

  async *#documentsWithHistory(stop: AbortSignal): AsyncGenerator<DocId[]> {
    const { store, keys } = this.#database[STORAGE]
    const iterator = store.iterator(keys.range(KeySpace.document))
    let ids: DocId[] = []
    try {
      while (!stop.aborted) {
        const entries = await iterator.nextv(RECORDS_AT_A_TIME)
        if (entries.length === 0) break
        for (const [key, record] of entries) {
          if (mayHaveHistory(record)) ids.push(asDocId(textOfKey(key)))
          if (ids.length < DOCUMENTS_IN_A_COMMIT || stop.aborted) continue
          yield ids
          ids = []
        }
        if (this.#progress !== undefined)
          this.#note({ ...this.#progress, done: this.#progress.done + entries.length })
      }
      if (ids.length > 0 && !stop.aborted) yield ids
    } finally {
      await iterator.close()
    }
  }
}
