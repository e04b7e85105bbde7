import { type Count, LocalCount } from '../../concurrency/shared-count.ts'
import { fail } from '../../../protocol/errors.ts'

/**
 * The memory of answers whose clients do not take what they were sent. Each holds little (one chunk, and what was read
 * ahead); past a bound for all of them no more long answers are begun, so that a crowd of such clients does not fill the memory.
 */
export class UnreadAnswers {
  readonly #limit: () => number
  readonly #held: Count

  /**
   * @param limit bytes, read each time, so that it may change
   * @param held counts the bytes of all threads of the server
   */
  constructor(limit: () => number, held: Count = new LocalCount()) {
    this.#limit = limit
    this.#held = held
  }

  /** Bytes that wait for their clients, about. */
  get held(): number {
    return this.#held.value
  }

  /** Called before a long answer is begun. @throws `busy` */
  admit(): void {
    if (this.#held.value >= this.#limit()) throw fail('busy')
  }

  /** Counts bytes as held until the client took them. */
  async during(bytes: number, taken: Promise<void>): Promise<void> {
    this.#held.add(bytes)
    try {
      await taken
    } finally {
      this.#held.add(-bytes)
    }
  }
}
