import { TimeSlice } from '../../concurrency/time-slice.ts'
import { abortResponse } from './abort-response.ts'
import type { HttpContext } from '../context.ts'
import { LongAnswer, STALL_MS } from './long-answer.ts'
import { isClosed } from './is-closed.ts'

/** Smaller pieces are copied and sent together: an answer of many revisions has thousands of them. */
const SMALL_BYTES = 4 * 1024
const GATHERED_BYTES = 64 * 1024

/**
 * Answers with bytes as they are made: a large piece has left before the next one is asked for, so that both may use the
 * same memory. What the first ones throw is answered as an error; later failures break the answer off. Status and headers are
 * the caller's. HEAD is answered without asking for any.
 */
export async function sendPieces(ctx: HttpContext, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const { res } = ctx
  const answer = new LongAnswer(ctx)
  const source = pieces[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, void, undefined>
  const iterator = answer.unread.counted(source)
  const slice = new TimeSlice()
  const gathered = new GatheredBytes()
  try {
    let next = ctx.method === 'HEAD' ? undefined : await iterator.next()
    for (; next !== undefined && next.done !== true && !isClosed(res); next = await iterator.next()) {
      const piece = next.value
      if (piece.length > 0 && piece.length <= SMALL_BYTES) gathered.add(piece)
      else {
        await written(ctx, answer, gathered.take())
        await (piece.length === 0 ? answer.unread.room() : written(ctx, answer, piece))
      }
      if (gathered.length >= GATHERED_BYTES) await written(ctx, answer, gathered.take())
      if (slice.isOver) await slice.pause()
    }
    await written(ctx, answer, gathered.take())
    ctx.respond = false
    res.end()
  } catch (error) {
    abortResponse(ctx, error)
  } finally {
    answer.end()
    await iterator.return()
    // Where no piece was asked for, what it holds is released here.
    await source.return?.()
  }
}

/** Copies of small pieces. */
class GatheredBytes {
  #pieces: Uint8Array[] = []
  length = 0

  add(piece: Uint8Array): void {
    this.#pieces.push(Uint8Array.prototype.slice.call(piece))
    this.length += piece.length
  }

  take(): Buffer {
    const bytes = Buffer.concat(this.#pieces, this.length)
    this.#pieces = []
    this.length = 0
    return bytes
  }
}

/** Returns when the bytes are with the system, or the client is gone. */
async function written(ctx: HttpContext, answer: LongAnswer, bytes: Uint8Array): Promise<void> {
  const { res } = ctx
  if (bytes.length === 0 || isClosed(res)) return
  ctx.respond = false
  answer.unread.begin()
  await new Promise<void>(resolve => {
    const timer = setTimeout(() => answer.stall(), STALL_MS)
    const settle = (): void => {
      clearTimeout(timer)
      res.off('close', settle)
      resolve()
    }
    res.once('close', settle)
    res.write(bytes, settle)
  })
  answer.unread.hold(0)
}
