import type { HttpContext } from '../context.ts'

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
