import type { Account } from '../auth/accounts.ts'
import { MEMBER_SCHEME } from '../../protocol/mesh/members.ts'
import { memberUser } from '../mesh/member-rights.ts'
import { refuseCrossSite } from '../http/browser/cross-site.ts'
import { forwardedFrom } from '../http/connection/forwarded-request.ts'
import { loginPeerOf } from '../http/connection/login-peer.ts'
import { isSecure } from '../http/request/origin.ts'
import type { RequestContext } from '../routes/context.ts'

/**
 * Sets the request's user and the proof of the account; the user is anonymous where the request names none.
 *
 * @throws `unauthorized` for wrong credentials, `forbidden` for a locked account or a request from another site
 */
export async function authenticateRequest(ctx: RequestContext): Promise<void> {
  const { live, replicator } = ctx.services
  ctx.state.rightsEpoch = live.epoch
  const { user, proof } = await (replicator.access.accountOf(ctx) ?? memberOf(ctx) ?? authenticate(ctx))
  ctx.state.user = user
  ctx.state.proof = proof
  refuseCrossSite(ctx, user)
}

/** Returns the member of the mesh that asks; undefined of any other request. */
function memberOf(ctx: RequestContext): Promise<Account> | undefined {
  const header = ctx.req.headers.authorization
  if (header?.startsWith(`${MEMBER_SCHEME} `) !== true) return undefined
  const { mesh } = ctx.services
  const request = { method: ctx.method, target: ctx.req.url ?? '' }
  return mesh.authenticate(header.slice(MEMBER_SCHEME.length + 1), request).then(({ id }) => {
    mesh.requests.add(id, ctx.res)
    return { user: memberUser(id) }
  })
}

async function authenticate(ctx: RequestContext): Promise<Account> {
  const headers = ctx.req.headers
  const found = await ctx.services.authenticator.authenticate({
    header: name => headers[name] as string | undefined,
    peer: loginPeerOf(ctx),
    get secure() {
      return isSecure(ctx)
    },
    connection: ctx.req.socket,
  })
  if (found.setCookie !== undefined) ctx.set('Set-Cookie', found.setCookie)
  forwardedFrom(ctx.req)?.approve(ctx.res, found)
  return found
}
