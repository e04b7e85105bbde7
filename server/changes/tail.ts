import type { CommittedChange } from '../database/commit.ts'

/**
 * The live end of a database's changes: told of every commit, it wakes the feeds that wait. Feeds read the rows from the
 * index, so a slow one holds no memory here.
 */
export class ChangesTail {
  /** Called after each commit. */
  published: (() => void) | undefined
  #seq: number
  #closed = false
  readonly #waiting = new Set<() => void>()

  constructor(seq: number) {
    this.#seq = seq
  }

  /** The latest sequence number on disk. */
  get seq(): number {
    return this.#seq
  }

  get closed(): boolean {
    return this.#closed
  }

  publish(changes: readonly CommittedChange[]): void {
    const last = changes.at(-1)
    if (last === undefined) return
    this.#seq = last.seq
    this.#wake()
    this.published?.()
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
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
