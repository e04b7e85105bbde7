import { isMember } from '../../protocol/security.ts'
import type { RequestContext } from '../http/context.ts'

/**
 * Runs a route; while its answer goes on, the user's right to the database is watched, and its end ends the answer.
 * Answers that are complete when the route returns need no watching.
 */
export async function watchRights(ctx: RequestContext, route: () => Promise<unknown>): Promise<void> {
  await route()
  const { database, user } = ctx.state
  if (database === undefined || ctx.res.writableEnded || ctx.body === undefined || ctx.body === null) return
  const { live } = ctx.services
  const forget = live.add({ database, user, end: () => ctx.res.destroy() })
  ctx.res.once('close', forget)
  // The right may have gone while the route was at work.
  if (!isMember(user, database.security)) ctx.res.destroy()
}
