import type { HttpContext } from '../context.ts'

/** Bytes that an answer holds whose client does not take it: what the store has read ahead. */
const READ_AHEAD_BYTES = 256 * 1024

/** Returns when the client has taken what was written, or is gone. What waits meanwhile is counted. */
export function drained({ res, services }: Pick<HttpContext, 'res' | 'services'>): Promise<void> {
  if (res.destroyed || !res.writableNeedDrain) return Promise.resolve()
  return services.unreadAnswers.during(res.writableLength + READ_AHEAD_BYTES, drainOrClose(res))
}

/** Resolves with the next `drain` or `close` of an answer. */
export function drainOrClose(res: HttpContext['res']): Promise<void> {
  return new Promise(resolve => {
    const settle = (): void => {
      res.off('drain', settle)
      res.off('close', settle)
      resolve()
    }
    res.once('drain', settle)
    res.once('close', settle)
  })
}
