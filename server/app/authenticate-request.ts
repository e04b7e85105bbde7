import type { UserContext } from '../../protocol/user-context.ts'
import { refuseCrossSite } from '../http/browser/cross-site.ts'
import { forwardedFrom } from '../http/connection/forwarded-request.ts'
import { loginPeerOf } from '../http/connection/login-peer.ts'
import { isSecure } from '../http/request/origin.ts'
import type { RequestContext } from '../routes/context.ts'

/**
 * Sets `ctx.state.user` to the request's user, anonymous where it names none.
 *
 * @throws `unauthorized` for wrong credentials, `forbidden` for a locked account or a request from another site
 */
export async function authenticateRequest(ctx: RequestContext): Promise<void> {
  const user = await (ctx.services.replicator.access.userOf(ctx) ?? authenticate(ctx))
  ctx.state.user = user
  refuseCrossSite(ctx, user)
}

async function authenticate(ctx: RequestContext): Promise<UserContext> {
  const headers = ctx.req.headers
  const found = await ctx.services.authenticator.authenticate({
    header: name => headers[name] as string | undefined,
    peer: loginPeerOf(ctx),
    get secure() {
      return isSecure(ctx)
    },
    connection: ctx.req.socket,
  })
  const { user, setCookie } = found
  if (setCookie !== undefined) ctx.set('Set-Cookie', setCookie)
  forwardedFrom(ctx.req)?.approve(ctx.res, found)
  return user
}
