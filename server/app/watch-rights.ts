import { isMember } from '../../protocol/security.ts'
import type { RequestContext } from '../routes/context.ts'

/**
 * Watches the user's right to the database while an answer goes on after its route returned; its end ends the answer.
 * Answers that are complete need no watching.
 */
export function watchRights(ctx: RequestContext): void {
  const { database, user, proof, rightsEpoch: epoch = 0 } = ctx.state
  if (database === undefined || ctx.res.writableEnded || ctx.body === undefined || ctx.body === null) return
  const { live } = ctx.services
  const forget = live.add({ database, user, proof, epoch, end: () => ctx.res.destroy() })
  ctx.res.once('close', forget)
  // The right may have gone while the route was at work.
  if (!isMember(user, database.security)) ctx.res.destroy()
}
