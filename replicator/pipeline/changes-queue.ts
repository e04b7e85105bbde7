import type { Change, ChangesBatch } from '../peer.ts'

/** Changes that one worker moves together. */
export interface WorkerBatch {
  /** Batches are numbered from 0 in the order of the feed. */
  readonly ordinal: number
  readonly rows: readonly Change[]
  readonly seq: ChangesBatch['seq']
}

const MAX_LENGTH = 16 * 1024 * 1024

/**
 * Queue of rows that were read from the feed and not yet taken by a worker, bounded by rows and by their length. A
 * worker takes as many rows as there are, up to a limit that it names: full batches of a backlog, single changes of a quiet
 * feed.
 */
export class ChangesQueue {
  readonly #capacity: number
  readonly #maxLength: number
  readonly #batches: (ChangesBatch & { readonly length: number })[] = []
  #length = 0
  #rows = 0
  #taken = 0
  #ended = false
  #wakeReader: (() => void) | undefined
  readonly #wakeWorkers: (() => void)[] = []

  /**
   * @param capacity rows to hold before the reader has to wait
   * @param maxLength characters of their ids and revisions, likewise
   */
  constructor(capacity: number, maxLength = MAX_LENGTH) {
    this.#capacity = capacity
    this.#maxLength = maxLength
  }

  get rows(): number {
    return this.#rows
  }

  /** Returns when there is room for more. */
  async put(batch: ChangesBatch): Promise<void> {
    const length = lengthOf(batch)
    this.#batches.push({ ...batch, length })
    this.#rows += batch.rows.length
    this.#length += length
    this.#wakeWorkers.shift()?.()
    if (this.#isFull && !this.#ended) await new Promise<void>(resolve => (this.#wakeReader = resolve))
  }

  get #isFull(): boolean {
    return this.#rows >= this.#capacity || this.#length >= this.#maxLength
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
      for (const row of next.rows) rows.push(row)
      seq = next.seq
      this.#length -= next.length
      this.#batches.shift()
    }
    this.#rows -= rows.length
    if (!this.#isFull) this.#wakeReader?.()
    if (this.#batches.length > 0) this.#wakeWorkers.shift()?.()
    return { ordinal: this.#taken++, rows, seq }
  }
}

function lengthOf({ rows }: ChangesBatch): number {
  let length = 0
  for (const { id, revs } of rows) {
    length += id.length
    for (const rev of revs) length += rev.length
  }
  return length
}

function fits(taken: number, next: ChangesBatch, maxRows: number): boolean {
  return taken === 0 || taken + next.rows.length <= maxRows
}
