import { fail } from '../../../protocol/errors.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { HttpContext } from '../context.ts'
import { corsRules } from './cors.ts'
import { originOf } from '../request/origin.ts'

/** Bodies that a page may post to any site without asking it first (the Fetch standard's CORS-safelisted types). */
const SENT_UNASKED = new Set(['', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'])

const LOGIN = /^\/_session\/?$/

/**
 * Refuses a POST that a page of another site makes a visitor's browser send, with the visitor's cookie or password.
 * Browsers ask before they send anything else (a preflight, which `[cors]` answers), and clients that are no browsers
 * say nothing of sites. Logging in stays possible from anywhere, as in CouchDB.
 *
 * @throws `forbidden`
 */
export function refuseCrossSite(ctx: HttpContext, user: UserContext): void {
  if (ctx.method !== 'POST' || user.name === null || LOGIN.test(ctx.path)) return
  // A token is never sent by a browser on its own.
  if (user.authenticated === 'jwt' || !isSentUnasked(ctx) || !isFromElsewhere(ctx)) return
  if (mayUseCredentials(ctx)) return
  throw fail('forbidden', 'A page of another site may not send this request.')
}

function isSentUnasked(ctx: HttpContext): boolean {
  return SENT_UNASKED.has(ctx.get('Content-Type').split(';')[0]?.trim().toLowerCase() ?? '')
}

/** Browsers name the relation of the sites over TLS and on this machine, and the origin everywhere. */
function isFromElsewhere(ctx: HttpContext): boolean {
  const { 'sec-fetch-site': site, origin } = ctx.req.headers
  if (typeof site === 'string') return site !== 'same-origin' && site !== 'none'
  if (origin === undefined) return false
  const host = hostOf(origin)
  return host === undefined || host !== hostOf(originOf(ctx))
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

function mayUseCredentials(ctx: HttpContext): boolean {
  const { origin } = ctx.req.headers
  const rules = corsRules(ctx.services.config, ctx.host)
  if (rules?.credentials !== true || origin === undefined) return false
  return rules.origins.includes('*') || rules.origins.includes(origin)
}
