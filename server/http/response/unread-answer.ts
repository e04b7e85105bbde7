/** Shorter answers are given even where there is no room: they hold no more than this, and nothing that was read ahead. */
export const LONG_ANSWER = 64 * 1024

/** Bytes that an answer takes beside what it has for its client: its request, its snapshot and its place in the index. */
const OWN_BYTES = 16 * 1024

/** Bytes that a long answer takes while it is being made, also while it waits for its turn: records that were read, rows in the making. */
const MAKING_BYTES = 64 * 1024

/** Pieces that are kept until the next one is made: the generators that hand them on refer to what they gave last. */
const KEPT_PIECES = 2

const NO_ROOM = new Uint8Array(0)

/** The room that all answers share. */
interface SharedRoom {
  readonly hasRoom: boolean
  /** @throws `busy` */
  admit(): void
  room(): Promise<void>
  add(bytes: number): void
  make(bytes: number): void
  note(answer: UnreadAnswer, isStalled: boolean): void
}

/** Bytes that one answer holds for its client. */
export class UnreadAnswer {
  /** Ends the answer. */
  readonly cutOff: () => void
  readonly #answers: SharedRoom
  #bytes = 0
  #making = 0
  #isBegun = false
  #isClosed = false

  constructor(answers: SharedRoom, cutOff: () => void) {
    this.#answers = answers
    this.cutOff = cutOff
  }

  /** Called before the first bytes are sent: from then on the answer waits for room, as it can no more be refused. */
  begin(): void {
    this.#isBegun = true
  }

  /** Sets the bytes that wait for the client. */
  hold(bytes: number): void {
    if (this.#isClosed) return
    const by = bytes - this.#bytes + (bytes > 0 ? OWN_BYTES : 0) - (this.#bytes > 0 ? OWN_BYTES : 0)
    this.#bytes = bytes
    if (bytes === 0) this.#answers.note(this, false)
    if (by !== 0) this.#answers.add(by)
  }

  /** Notes that the client has taken nothing for a moment. */
  stalled(): void {
    if (!this.#isClosed) this.#answers.note(this, true)
  }

  /**
   * Counts pieces as they are made. Where there is no room an empty one is given instead: `room` is to be awaited.
   *
   * @throws `busy`, where the answer is long and nothing of it was sent
   */
  async *counted<Piece extends { readonly length: number }, Result>(
    pieces: AsyncIterator<Piece, Result, undefined>,
  ): AsyncGenerator<Piece | Uint8Array, Result, undefined> {
    let made = 0
    try {
      for (;;) {
        if (made >= LONG_ANSWER && this.#mustWait()) {
          yield NO_ROOM
          continue
        }
        const next = await pieces.next()
        if (next.done === true) return next.value
        const { length } = next.value
        made += length
        if (made >= LONG_ANSWER && length > 0) {
          if (!this.#isBegun) this.#answers.admit()
          this.#make(MAKING_BYTES + KEPT_PIECES * length)
          this.hold(this.#bytes + length)
        }
        yield next.value
      }
    } finally {
      this.#make(0)
      await pieces.return?.()
    }
  }

  /** Resolves when a further piece may be made. */
  room(): Promise<void> {
    return this.#answers.room()
  }

  /** Idempotent. */
  close(): void {
    this.hold(0)
    this.#make(0)
    this.#isClosed = true
  }

  /** Sets the bytes that making the answer takes. */
  #make(bytes: number): void {
    if (bytes === this.#making || (this.#isClosed && bytes > 0)) return
    this.#answers.make(bytes - this.#making)
    this.#making = bytes
  }

  /** @throws `busy`, where nothing was sent */
  #mustWait(): boolean {
    if (!this.#isBegun) this.#answers.admit()
    return !this.#answers.hasRoom
  }
}
