import { type Count, LocalCount } from '../../concurrency/shared-count.ts'
import { fail } from '../../../protocol/errors.ts'

/** Bodies smaller than this are not counted: counting would cost more than they do. */
const STEP = 1024 * 1024

/** Bounds what all request bodies that are held in memory take together. Past it requests are refused, not queued. */
export class BodyMemory {
  readonly #limit: () => number
  readonly #held: Count

  /** @param held counts the bytes of all threads of the server */
  constructor(limit: () => number, held: Count = new LocalCount()) {
    this.#limit = limit
    this.#held = held
  }

  /** Returns the account of one request: it counts the bytes that are held, and is released when the request is over. */
  open(): HeldBody {
    let held = 0
    return {
      grow: size => {
        const needed = Math.floor(size / STEP) * STEP - held
        if (needed <= 0) return
        if (this.#held.value + needed > this.#limit()) throw fail('busy')
        this.#held.add(needed)
        held += needed
      },
      release: () => {
        this.#held.add(-held)
        held = 0
      },
    }
  }
}

export interface HeldBody {
  /** @param size bytes so far. @throws `busy` */
  readonly grow: (size: number) => void
  readonly release: () => void
}
