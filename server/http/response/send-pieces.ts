import { TimeSlice } from '../../concurrency/time-slice.ts'
import { abortResponse } from './abort-response.ts'
import type { HttpContext } from '../context.ts'

/**
 * Answers with bytes as they are made: a piece is asked for when the one before has left, so that both may use the same
 * memory. What the first throws is answered as an error; later failures break the answer off. Status and headers are the
 * caller's. HEAD is answered without asking for any.
 */
export async function sendPieces(ctx: HttpContext, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const { res } = ctx
  const iterator = pieces[Symbol.asyncIterator]()
  const slice = new TimeSlice()
  try {
    let next = ctx.method === 'HEAD' ? undefined : await iterator.next()
    ctx.respond = false
    for (; next !== undefined && next.done !== true && !res.destroyed; next = await iterator.next()) {
      await written(ctx, next.value)
      if (slice.isOver) await slice.pause()
    }
    res.end()
  } catch (error) {
    abortResponse(ctx, error)
  } finally {
    await iterator.return?.()
  }
}

/** Returns when the bytes are with the system, or the client is gone. */
function written({ res, services }: HttpContext, bytes: Uint8Array): Promise<void> {
  let takesAtOnce = true
  const sent = new Promise<void>(resolve => {
    const settle = (): void => {
      res.off('close', settle)
      resolve()
    }
    res.once('close', settle)
    takesAtOnce = res.write(bytes, settle)
  })
  return takesAtOnce ? sent : services.unreadAnswers.during(bytes.length, sent)
}
