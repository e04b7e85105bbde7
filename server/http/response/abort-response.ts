import { isDisconnect } from './is-disconnect.ts'
import type { HttpContext } from '../context.ts'

/**
 * Ends an answer that failed on its way: the client sees a cut answer, not a complete wrong one.
 *
 * @throws the failure, where nothing was sent yet: then it can be answered as an error
 */
export function abortResponse(ctx: HttpContext, error: unknown): void {
  if (ctx.respond !== false) throw error
  if (isDisconnect(error))
    ctx.services.log.debug({ path: ctx.path }, 'the client left in the middle of its answer')
  else ctx.services.log.error({ err: error, path: ctx.path }, 'answer failed')
  ctx.res.destroy()
}
