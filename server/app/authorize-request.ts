import { isDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import { isServerAdmin, type UserContext } from '../../protocol/user-context.ts'
import { type Access, accessOf } from '../routing/access.ts'
import {
  requireDbAdmin,
  requireMember,
  requireMetrics,
  requireServerAdmin,
  requireServerOrDbAdmin,
  requireUser,
} from '../auth/authorize.ts'
import type { Config } from '../config/config.ts'
import type { RequestContext } from '../http/context.ts'
import { refuseCrossSite } from '../http/browser/cross-site.ts'
import { isSecure } from '../http/request/origin.ts'
import { peerOf } from '../http/connection/peer.ts'
import { decodeSegment } from '../http/request/percent.ts'

/**
 * Finds out who asks, and refuses what the user may not. After it `ctx.state.user` is set, and `ctx.state.database`
 * where the right depended on one.
 *
 * @throws `unauthorized`, `forbidden`, `bad_request`; `noDatabase` where the path names a database that is not there
 */
export async function admit(ctx: RequestContext): Promise<void> {
  const user = ctx.services.replicator.access.userOf(ctx) ?? (await authenticate(ctx))
  ctx.state.user = user
  refuseCrossSite(ctx, user)
  await authorizeRequest(ctx)
}

/**
 * Refuses what the user of a request may not, whose path has become another one. Who asks was found out before, from
 * headers of the client: what a rewrite makes of them proves nothing.
 *
 * @throws as `admit`
 */
export async function authorizeRequest(ctx: RequestContext): Promise<void> {
  const segments = segmentsOf(ctx.path)
  if (ctx.state.user.name === null) requireValidUser(ctx.services.config, ctx.method, segments)
  await authorize(ctx, accessOf(ctx.method, segments), segments)
}

async function authenticate(ctx: RequestContext): Promise<UserContext> {
  const headers = ctx.req.headers
  const { user, setCookie } = await ctx.services.authenticator.authenticate({
    header: name => headers[name] as string | undefined,
    peer: peerOf(ctx.req, ctx.services.config),
    get secure() {
      return isSecure(ctx)
    },
    connection: ctx.req.socket,
  })
  if (setCookie !== undefined) ctx.set('Set-Cookie', setCookie)
  return user
}

/** The path's segments, decoded; a design document's name is a segment of its own however the slash was written. */
export function segmentsOf(path: string): string[] {
  const segments = path
    .slice(1)
    .split('/')
    .map(segment => decodeSegment(segment) ?? segment)
  if (segments.length === 1 && segments[0] === '') return []
  const [database = '', second = '', ...rest] = segments
  const inDesign = /^(_design|_local)\/(.*)$/s.exec(second)
  return inDesign === null ? segments : [database, inDesign[1] ?? '', inDesign[2] ?? '', ...rest]
}

/** Logging in stays open to everybody; `_up` may be left open (`chttpd_auth:party_mode_handler/1`). @throws `unauthorized` */
function requireValidUser(config: Config, method: string, [first]: readonly string[]): void {
  if (method === 'POST' && first === '_session') return
  const all = config.boolean('chttpd', 'require_valid_user')
  const allButUp = config.boolean('chttpd', 'require_valid_user_except_for_up')
  if (first === '_up' ? all && !allButUp : all || allButUp)
    throw fail('unauthorized', 'Authentication required.')
}

async function authorize(ctx: RequestContext, access: Access, segments: readonly string[]): Promise<void> {
  const { user } = ctx.state
  if (access === 'everybody' || isServerAdmin(user)) return
  switch (access) {
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
      return authorizeIn(ctx, access, segments)
  }
}

function requireListing(user: UserContext, config: Config): void {
  if (config.boolean('chttpd', 'admin_only_all_dbs')) requireServerAdmin(user)
}

const RIGHTS = { member: requireMember, 'db-admin': requireDbAdmin, maintainer: requireServerOrDbAdmin }

async function authorizeIn(
  ctx: RequestContext,
  access: keyof typeof RIGHTS,
  [name = '', ...path]: readonly string[],
): Promise<void> {
  if (!isDatabaseName(name)) throw fail('noDatabase')
  const database = await ctx.services.catalog.open(name)
  const { user } = ctx.state
  const { security, rules } = database
  RIGHTS[access](user, security)
  rules?.beforeRequest(ctx.method, path, { user, security })
  ctx.state.database = database
}
