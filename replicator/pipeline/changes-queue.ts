import type { Change, ChangesBatch } from '../peer.ts'

/** Changes that one worker moves together. */
export interface WorkerBatch {
  /** Batches are numbered from 0 in the order of the feed. */
  readonly ordinal: number
  readonly rows: readonly Change[]
  readonly seq: ChangesBatch['seq']
}

/**
 * What was read of the feed and not yet taken by a worker, bounded by rows. A worker takes as many rows as there are, up
 * to its batch size: full batches of a backlog, single changes of a quiet feed.
 */
export class ChangesQueue {
  readonly #capacity: number
  readonly #batches: ChangesBatch[] = []
  #rows = 0
  #taken = 0
  #ended = false
  #wakeReader: (() => void) | undefined
  readonly #wakeWorkers: (() => void)[] = []

  /** @param capacity rows to hold before the reader has to wait */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get rows(): number {
    return this.#rows
  }

  /** Returns when there is room for more. */
  async put(batch: ChangesBatch): Promise<void> {
    this.#batches.push(batch)
    this.#rows += batch.rows.length
    this.#wakeWorkers.shift()?.()
    if (this.#rows >= this.#capacity && !this.#ended)
      await new Promise<void>(resolve => (this.#wakeReader = resolve))
  }

  /** No more will be put; everybody who waits goes on. */
  end(): void {
    this.#ended = true
    this.#wakeReader?.()
    for (const wake of this.#wakeWorkers.splice(0)) wake()
  }

  /** Waits for changes; undefined when there will be none. */
  async take(maxRows: number): Promise<WorkerBatch | undefined> {
    while (this.#batches.length === 0) {
      if (this.#ended) return undefined
      await new Promise<void>(resolve => this.#wakeWorkers.push(resolve))
    }
    const rows: Change[] = []
    let seq: ChangesBatch['seq'] = 0
    for (let next = this.#batches[0]; next && fits(rows.length, next, maxRows); next = this.#batches[0]) {
      rows.push(...next.rows)
      seq = next.seq
      this.#batches.shift()
    }
    this.#rows -= rows.length
    if (this.#rows < this.#capacity) this.#wakeReader?.()
    if (this.#batches.length > 0) this.#wakeWorkers.shift()?.()
    return { ordinal: this.#taken++, rows, seq }
  }
}

function fits(taken: number, next: ChangesBatch, maxRows: number): boolean {
  return taken === 0 || taken + next.rows.length <= maxRows
}
