import type { HttpContext } from '../context.ts'
import { corsRules, type CorsRules, preflightHeaders, responseHeaders } from './cors.ts'

/** Answers a preflight with 204; false where the request is no preflight, or asks for more than is allowed. */
export function answerPreflight(ctx: HttpContext): boolean {
  if (ctx.method !== 'OPTIONS') return false
  const rules = corsRules(ctx.services.config, ctx.host)
  const asked = {
    origin: ctx.req.headers.origin,
    method: ctx.req.headers['access-control-request-method'],
    headers: ctx.req.headers['access-control-request-headers'],
  }
  const headers = rules && preflightHeaders(asked, rules)
  if (rules === undefined || headers === undefined) return false
  ctx.status = 204
  if (variesByOrigin(rules)) ctx.vary('Origin')
  ctx.set({ ...headers })
  return true
}

/** Response headers that every answer has, of those that browsers show to scripts without being told to. */
const EVERY_ANSWER = ['cache-control']

/** Lets scripts of the request's origin read the answer, where they may. */
export function exposeAnswer(ctx: HttpContext): void {
  const { origin } = ctx.req.headers
  const rules = corsRules(ctx.services.config, ctx.host)
  if (rules === undefined) return
  if (variesByOrigin(rules)) ctx.vary('Origin')
  const headers = responseHeaders(origin, rules, EVERY_ANSWER)
  if (headers !== undefined) ctx.set({ ...headers })
}

/**
 * Returns whether a cache must keep an answer for one origin from others, and from requests without one. Where every
 * origin may read it without credentials, CouchDB says nothing, and nothing is to be kept.
 */
function variesByOrigin({ origins, credentials }: CorsRules): boolean {
  return credentials || !origins.includes('*')
}
