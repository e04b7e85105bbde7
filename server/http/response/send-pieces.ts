import { TimeSlice } from '../../concurrency/time-slice.ts'
import { abortResponse } from './abort-response.ts'
import type { HttpContext } from '../context.ts'

/** Smaller pieces are copied and sent together: an answer of many revisions has thousands of them. */
const SMALL_BYTES = 4 * 1024
const GATHERED_BYTES = 64 * 1024

/**
 * Answers with bytes as they are made: a large piece has left before the next one is asked for, so that both may use the
 * same memory. What the first throws is answered as an error; later failures break the answer off. Status and headers are
 * the caller's. HEAD is answered without asking for any.
 */
export async function sendPieces(ctx: HttpContext, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const { res } = ctx
  const iterator = pieces[Symbol.asyncIterator]()
  const slice = new TimeSlice()
  const gathered = new GatheredBytes()
  try {
    let next = ctx.method === 'HEAD' ? undefined : await iterator.next()
    ctx.respond = false
    for (; next !== undefined && next.done !== true && !res.destroyed; next = await iterator.next()) {
      if (next.value.length <= SMALL_BYTES) gathered.add(next.value)
      else {
        await written(ctx, gathered.take())
        await written(ctx, next.value)
      }
      if (gathered.length >= GATHERED_BYTES) await written(ctx, gathered.take())
      if (slice.isOver) await slice.pause()
    }
    await written(ctx, gathered.take())
    res.end()
  } catch (error) {
    abortResponse(ctx, error)
  } finally {
    await iterator.return?.()
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
async function written({ res, services }: HttpContext, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0 || res.destroyed) return
  let takesAtOnce = true
  const sent = new Promise<void>(resolve => {
    const settle = (): void => {
      res.off('close', settle)
      resolve()
    }
    res.once('close', settle)
    takesAtOnce = res.write(bytes, settle)
  })
  await (takesAtOnce ? sent : services.unreadAnswers.during(bytes.length, sent))
}
