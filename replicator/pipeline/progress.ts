import type { SourceSeq } from '../../protocol/checkpoint.ts'
import type { WorkerBatch } from './changes-queue.ts'

/**
 * Progress of a replication: batches are done in any order, but a checkpoint may only pass a sequence when
 * everything before it is on the target.
 */
export class MoveProgress {
  /** Everything up to here has been moved. */
  through: SourceSeq
  /** The highest sequence that has been moved, whatever is missing below it. */
  highest: SourceSeq
  #next = 0
  readonly #done = new Map<number, SourceSeq>()

  constructor(start: SourceSeq) {
    this.through = start
    this.highest = start
  }

  done({ ordinal, seq }: WorkerBatch): void {
    this.#done.set(ordinal, seq)
    if (ordinal >= this.#next) this.highest = seq
    for (let at = this.#done.get(this.#next); at !== undefined; at = this.#done.get(this.#next)) {
      this.through = at
      this.#done.delete(this.#next++)
    }
  }
}
