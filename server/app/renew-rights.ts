import { fail } from '../../protocol/errors.ts'
import type { RequestContext } from '../routes/context.ts'
import { authorizeRequest, type AuthorizedMatch } from './authorize-request.ts'

/**
 * Asks for the rights of a request again: its body may come long after its head, and what was withdrawn meanwhile holds.
 * Returns undefined at once where nothing was withdrawn from anybody.
 *
 * @throws `noDatabase` where the database was dropped, `unauthorized` where the user is gone or has another password; what `authorizeRequest` throws
 */
export function renewRights(ctx: RequestContext, match: AuthorizedMatch): Promise<void> | undefined {
  if (ctx.state.database?.tail.closed === true) throw fail('noDatabase')
  if (ctx.state.rightsEpoch === ctx.services.live.epoch || match.right === 'everybody') return undefined
  return renew(ctx, match)
}

async function renew(ctx: RequestContext, match: AuthorizedMatch): Promise<void> {
  const { state, services } = ctx
  const { database } = state
  while (state.rightsEpoch !== services.live.epoch) {
    state.rightsEpoch = services.live.epoch
    state.user = await services.live.currentUser(state)
    await authorizeRequest(ctx, match)
  }
  // Another database has the name by now.
  if (database !== undefined && database !== state.database) throw fail('noDatabase')
}
