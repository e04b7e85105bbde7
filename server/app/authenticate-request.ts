import type { Account } from '../auth/accounts.ts'
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
  const { user, proof } = await (replicator.access.accountOf(ctx) ?? authenticate(ctx))
  ctx.state.user = user
  ctx.state.proof = proof
  refuseCrossSite(ctx, user)
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
