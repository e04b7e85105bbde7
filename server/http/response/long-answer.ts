import type { HttpContext } from '../context.ts'
import { WaitingClient } from '../request/waiting-client.ts'
import { drainOrClose } from './drained.ts'
import type { UnreadAnswer } from './unread-answer.ts'
import { isClosed } from './is-closed.ts'

/** Time after which a client that takes nothing is not waited for with what was read ahead. */
export const STALL_MS = 50

/** Work that has its turn among others'. */
interface Turns {
  readonly waiting: number
  run<Result>(owner: string, work: () => Promise<Result>, waiter: WaitingClient): Promise<Result>
}

/** An answer that comes in pieces, each made in its turn and while there is room for it, as its client takes them. */
export class LongAnswer {
  /** Called when the client has taken nothing for a moment: lets go of what was read and not given. */
  onStall: (() => void) | undefined
  readonly unread: UnreadAnswer
  readonly #ctx: HttpContext
  /** One for all turns of the answer, of which a live feed has any number. */
  readonly #client: WaitingClient
  readonly #turns: Turns | undefined

  /** @param turns where pieces have their turn; undefined where they have it already */
  constructor(ctx: HttpContext, turns?: Turns) {
    const { res, services } = ctx
    this.#ctx = ctx
    this.#turns = turns
    this.#client = new WaitingClient(ctx)
    this.unread = services.unreadAnswers.open(() => res.destroy())
    res.once('close', () => this.unread.close())
  }

  /** False while others wait for their turn, so that those who wait hold no more than they must. */
  get mayReadAhead(): boolean {
    return this.#turns === undefined || this.#turns.waiting === 0
  }

  /**
   * Makes each piece in a turn, so that no turn is held while a client reads slowly.
   *
   * @param owner database whose pieces they are: databases take turns
   * @throws `busy`, where nothing was sent
   */
  async *inTurns<Piece extends { readonly length: number }, Result>(
    owner: string,
    pieces: AsyncGenerator<Piece, Result, undefined>,
  ): AsyncGenerator<Piece | Uint8Array, Result, undefined> {
    const counted = this.unread.counted(pieces)
    try {
      for (;;) {
        const next = await (this.#turns?.run(owner, () => counted.next(), this.#client) ?? counted.next())
        if (next.done === true) return next.value
        yield next.value
      }
    } finally {
      await counted.return(undefined as Result)
    }
  }

  /** Waits until the client has taken what was written, or is gone. */
  async drained(): Promise<void> {
    const { res } = this.#ctx
    if (!isClosed(res) && res.writableNeedDrain) {
      const timer = setTimeout(() => this.stall(), STALL_MS)
      await drainOrClose(res)
      clearTimeout(timer)
    }
    this.unread.hold(0)
  }

  stall(): void {
    this.unread.stalled()
    this.onStall?.()
  }

  /** Called at the end, where the answer may be gone already. */
  end(): void {
    if (isClosed(this.#ctx.res)) this.unread.close()
  }
}
