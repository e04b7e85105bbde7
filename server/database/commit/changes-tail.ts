import type { CommitRecord, CommitSubscriber, CommittedChange } from './commit-record.ts'

/** Bytes of rows that are kept for live feeds; what is older they read from the index. */
const MAX_RECENT_BYTES = 1024 * 1024

/** Readers that are handed the rows of each commit. */
export interface TailListener {
  /** The sequence number up to which they have all rows. */
  readonly position: number
  /** There is something new. */
  wake(): void
  /** The database is closed. */
  close(): void
}

/**
 * The live end of a database's changes. It wakes whoever waits after each commit, and holds the latest rows while there
 * are live feeds, so that they are not read from the store again.
 */
export class ChangesTail implements CommitSubscriber {
  readonly listeners = new Set<TailListener>()
  #seq: number
  #closed = false
  readonly #waiting = new Set<() => void>()
  #recent: CommittedChange[] = []
  #recentBytes = 0
  /** All changes behind this sequence number are among the recent ones. */
  #recentFrom: number

  constructor(seq: number) {
    this.#seq = seq
    this.#recentFrom = seq
  }

  /** The latest sequence number on disk. */
  get seq(): number {
    return this.#seq
  }

  get closed(): boolean {
    return this.#closed
  }

  apply({ changes }: Pick<CommitRecord, 'changes'>): void {
    const last = changes.at(-1)
    if (last === undefined) return
    this.#seq = last.seq
    if (this.listeners.size > 0) this.#keep(changes)
    else this.#forget(last.seq)
    this.#wake()
  }

  /**
   * Goes on from a sequence number that was read from the store: changes up to there are read from the index.
   *
   * @param seq not below the latest one
   */
  advance(seq: number): void {
    if (seq <= this.#seq) return
    this.#seq = seq
    this.#forget(seq)
    this.#wake()
  }

  /**
   * The rows behind a sequence number, in order, each document at its latest; undefined when they are not kept any more.
   */
  recentAfter(seq: number): readonly Uint8Array[] | undefined {
    if (seq < this.#recentFrom) return undefined
    let from = this.#recent.length
    while (from > 0 && (this.#recent[from - 1]?.seq ?? 0) > seq) from -= 1
    const behind = this.#recent.slice(from)
    const replaced = new Set(behind.map(({ previousSeq }) => previousSeq))
    return behind.filter(change => !replaced.has(change.seq)).map(({ record }) => record)
  }

  /** Lets go of the recent rows once all listeners have them. */
  settle(): void {
    for (const listener of this.listeners) if (listener.position < this.#seq) return
    this.#forget(this.#seq)
  }

  /**
   * Waits for a change behind `seq`, the end of the database, or the signal.
   *
   * @returns false when the database was closed or the signal aborted
   */
  wait(seq: number, signal: AbortSignal): Promise<boolean> {
    if (this.#closed || signal.aborted) return Promise.resolve(false)
    if (this.#seq > seq) return Promise.resolve(true)
    return new Promise(resolve => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve(!this.#closed && !signal.aborted)
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  /** Ends every feed. Idempotent. */
  close(): void {
    this.#closed = true
    for (const listener of [...this.listeners]) listener.close()
    this.#wake()
  }

  #keep(changes: readonly CommittedChange[]): void {
    for (const change of changes) {
      this.#recent.push(change)
      this.#recentBytes += change.record.length
    }
    if (this.#recentBytes <= MAX_RECENT_BYTES) return
    // The oldest half goes at once, so that keeping rows costs the same however many there are.
    let bytes = this.#recentBytes
    const from = this.#recent.findIndex(({ record }) => (bytes -= record.length) <= MAX_RECENT_BYTES / 2)
    this.#recentFrom = this.#recent[from]?.seq ?? this.#seq
    this.#recent = this.#recent.slice(from + 1)
    this.#recentBytes = bytes
  }

  #forget(seq: number): void {
    this.#recentFrom = seq
    if (this.#recent.length === 0) return
    this.#recent = []
    this.#recentBytes = 0
  }

  #wake(): void {
    for (const listener of this.listeners) listener.wake()
    for (const wake of [...this.#waiting]) wake()
  }
}
