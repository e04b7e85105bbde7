import type { RequestContext } from './context.ts'
import { corsRules, preflightHeaders, responseHeaders } from './cors.ts'

/** Answers a preflight with 204; false where the request is none, or asks for more than is allowed. */
export function answerPreflight(ctx: RequestContext): boolean {
  if (ctx.method !== 'OPTIONS') return false
  const rules = corsRules(ctx.services.config, ctx.host)
  const asked = {
    origin: ctx.req.headers.origin,
    method: ctx.req.headers['access-control-request-method'],
    headers: ctx.req.headers['access-control-request-headers'],
  }
  const headers = rules && preflightHeaders(asked, rules)
  if (headers === undefined) return false
  ctx.status = 204
  ctx.set({ ...headers })
  return true
}

/** What every answer has of the headers that browsers show anyway. */
const EVERY_ANSWER = ['cache-control']

/** Lets scripts of the request's origin read the answer, where they may. */
export function exposeAnswer(ctx: RequestContext): void {
  const { origin } = ctx.req.headers
  const rules = origin === undefined ? undefined : corsRules(ctx.services.config, ctx.host)
  const headers = rules && responseHeaders(origin, rules, EVERY_ANSWER)
  if (headers !== undefined) ctx.set({ ...headers })
}
