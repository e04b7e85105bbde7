import { type RunResult, SingleRun } from '../../../concurrency/single-run.ts'
import type { IndexStore } from '../../../database/indexes/index-store.ts'
import type { IndexKeys } from '../row-key.ts'
import type { KeyRange } from '../../../database/indexes/index-store.ts'

/** Progress of a compaction for `_active_tasks`, in pieces of the index. Times in milliseconds since 1970. */
export interface IndexCompactionProgress {
  readonly started: number
  readonly updated: number
  readonly done: number
  readonly total: number
}

/** Compaction of an index: frees the disk space of rows that were removed or replaced, range by range. */
export class IndexCompaction {
  readonly #store: IndexStore
  readonly #keys: IndexKeys
  readonly #views: number
  readonly #runs = new SingleRun(stop => this.#compact(stop), 'the index was closed')
  #progress: IndexCompactionProgress | undefined
  #compactedFile = 0

  constructor(store: IndexStore, keys: IndexKeys, views: number) {
    this.#store = store
    this.#keys = keys
    this.#views = views
  }

  /** Sets the function that is called after each compaction. */
  set onEnd(listener: ((result: RunResult) => void) | undefined) {
    this.#runs.onEnd = listener
  }

  get progress(): IndexCompactionProgress | undefined {
    return this.#progress
  }

  /** Bytes of the index on disk behind the last compaction: what another one would not make smaller. */
  get compactedFile(): number {
    return this.#compactedFile
  }

  /** Compacts once, or waits for the compaction that runs. @param signal stops it between two pieces */
  run(signal?: AbortSignal): Promise<void> {
    return this.#runs.run(signal)
  }

  /** Stops a compaction that runs. Idempotent. */
  close(): Promise<void> {
    return this.#runs.close()
  }

  async #compact(stop: AbortSignal): Promise<void> {
    const pieces = this.#pieces()
    const started = Date.now()
    try {
      for (const [done, piece] of pieces.entries()) {
        if (stop.aborted) return
        this.#progress = { started, updated: Date.now(), done, total: pieces.length }
        // The bare beginnings of rows and nodes are no keys; that of all is the state's.
        await this.#store.compact(piece, { startsWithKey: done === 0 })
      }
      this.#compactedFile = await this.#store.sizeOf(this.#keys.all())
    } finally {
      this.#progress = undefined
    }
  }

  /** The documents' records, the rows of each view, the nodes. */
  #pieces(): KeyRange[] {
    const { gte, lt } = this.#keys.all()
    const rows = Array.from({ length: this.#views }, (_, view) => this.#keys.rows(view))
    const first = rows[0]?.gte ?? lt
    return [{ gte, lt: first }, ...rows, { gte: this.#keys.allNodes().gte, lt }]
  }
}
