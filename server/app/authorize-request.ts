import { isDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import { isServerAdmin, type UserContext } from '../../protocol/user-context.ts'
import {
  requireDbAdmin,
  requireMetrics,
  requireServerAdmin,
  requireServerOrDbAdmin,
  requireUser,
} from '../auth/authorize.ts'
import type { Config } from '../config/config.ts'
import { requireMember } from '../database/security.ts'
import { checkMemberRequest, memberOfUser } from '../mesh/member-rights.ts'
import type { RequestContext } from '../routes/context.ts'
import { segmentsInDatabase } from '../routing/path.ts'
import type { RouteMatch, PathSegment } from '../routing/route.ts'

/** The part of a request's place in the route table that decides about its rights. */
export type AuthorizedMatch = Pick<RouteMatch<unknown>, 'right' | 'params' | 'segments' | 'route'>

/**
 * Refuses a request whose user lacks the right that the route table names. After it `ctx.state.database` is set, if the
 * right depended on one.
 *
 * @throws `unauthorized`, `forbidden`; `noDatabase` where the path names a database that is not there
 */
export async function authorizeRequest(ctx: RequestContext, match: AuthorizedMatch): Promise<void> {
  const { user } = ctx.state
  if (memberOfUser(user) !== undefined) await authorizeMember(ctx, match)
  if (user.name === null) requireValidUser(ctx.services.config, ctx.method, match.segments[0])
  if (match.right === 'everybody' || isServerAdmin(user)) return
  switch (match.right) {
    case 'user':
      return requireUser(user)
    case 'metrics':
      return requireMetrics(user)
    case 'server-admin':
      return requireServerAdmin(user)
    case 'list-databases':
      return requireListing(user, ctx.services.config)
    case 'member':
    case 'db-admin':
    case 'maintainer':
      return authorizeInDatabase(ctx, match.right, match)
  }
}

/** Members of the mesh have the rights of administrators for what replication needs. @throws `forbidden` */
async function authorizeMember(ctx: RequestContext, { params, route }: AuthorizedMatch): Promise<void> {
  const { db } = params
  const isShared = typeof db === 'string' && (await ctx.services.mesh.shares(db))
  checkMemberRequest(ctx.method, route?.path, db, isShared)
}

/** Logging in stays open to everybody; `_up` may be left open (`chttpd_auth:party_mode_handler/1`). @throws `unauthorized` */
function requireValidUser(config: Config, method: string, first: PathSegment | undefined): void {
  if (method === 'POST' && first === '_session') return
  const all = config.boolean('chttpd', 'require_valid_user')
  const allButUp = config.boolean('chttpd', 'require_valid_user_except_for_up')
  if (first === '_up' ? all && !allButUp : all || allButUp)
    throw fail('unauthorized', 'Authentication required.')
}

function requireListing(user: UserContext, config: Config): void {
  if (config.boolean('chttpd', 'admin_only_all_dbs')) requireServerAdmin(user)
}

const RIGHTS = { member: requireMember, 'db-admin': requireDbAdmin, maintainer: requireServerOrDbAdmin }

async function authorizeInDatabase(
  ctx: RequestContext,
  right: keyof typeof RIGHTS,
  { params, segments }: AuthorizedMatch,
): Promise<void> {
  const name = params['db'] ?? ''
  if (!isDatabaseName(name)) throw fail('noDatabase')
  const database = await ctx.services.catalog.open(name)
  const { user } = ctx.state
  const { security, rules } = database
  RIGHTS[right](user, security)
  rules?.beforeRequest(ctx.method, segmentsInDatabase(segments), { user, security })
  ctx.state.database = database
}
