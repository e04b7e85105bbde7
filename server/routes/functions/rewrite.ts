import { DESIGN } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { headersForDesignFunctions } from './headers-for-design-functions.ts'
import { requireRunnable, type DesignDocument } from '../../query/design/design-document.ts'
import { functionAnswer } from '../../query/design/function-answer.ts'
import { rewriteAnswer, type RewriteAnswer } from '../../query/design/rewrite-answer.ts'
import { compileRules, rewrite, TOO_LONG } from '../../query/design/rewrite-rules.ts'
import { answerFunction } from './answer-function.ts'
import { databaseOf, docIdOf } from '../shared/path-names.ts'
import { requestOf } from './function-request.ts'
import { resolveTarget, rewrittenMethod } from './rewrite-target.ts'

/** Routes the request to the path that the rules or the function of a design document name. (CouchDB: chttpd_rewrite) */
export async function runRewrite(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const ddoc = ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
  const { rewrites } = ddoc.value
  if (typeof rewrites === 'string') return runRewriteFunction(ctx, database, ddoc)
  if (!Array.isArray(rewrites)) throw fail('noRewrites')
  const rules = compileRules(rewrites, isSecure(ctx))
  const path = ctx.rest.map(segment => segment ?? '')
  const request = { method: ctx.method, path, query: [...QueryParams.of(ctx).entries()] }
  const { path: to, query } = rewrite(rules, request, maxLength(ctx))
  await ctx.redispatch(urlOf(ctx, { database, ddoc, path: to, query }))
}

/** A function answers itself, with a `code`, or with the request that answers. */
async function runRewriteFunction(
  ctx: RequestContext,
  database: Database,
  ddoc: DesignDocument,
): Promise<void> {
  requireRunnable(ddoc.value)
  const { info: _info, form: _form, uuid: _uuid, id: _id, ...request } = await requestOf(ctx, database, null)
  const result = await ctx.services.queries.sandbox.rewrite(ddoc.sandbox, JSON.stringify(request))
  const target = rewriteAnswer(result)
  if (target.code !== undefined) {
    const body = target.body ?? ctx.state.body?.toString() ?? ''
    return answerFunction(ctx, functionAnswer({ headers: { ...target.headers }, body }, target.code))
  }
  if (target.path === undefined) throw fail('noRewritePath')
  const query = Object.entries(target.query ?? Object.fromEntries(QueryParams.of(ctx).entries()))
  takeOver(ctx, target)
  await ctx.redispatch(urlOf(ctx, { database, ddoc, path: target.path, query }))
}

/** Gives the request the method, headers and body of the function; what proves the user is not the function's to set. */
function takeOver(ctx: RequestContext, { method, headers, body }: RewriteAnswer): void {
  if (method !== undefined) ctx.method = rewrittenMethod(ctx.method, method)
  if (body !== undefined) ctx.state.body = Buffer.from(body)
  const named = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  Object.assign(ctx.req.headers, headersFromFunction(Object.fromEntries(named), ctx.services.config))
  if (ctx.state.body === undefined) return
  ctx.req.headers['content-length'] = String(ctx.state.body.length)
  delete ctx.req.headers['transfer-encoding']
  delete ctx.req.headers['content-encoding']
}

/** Headers that prove the user, name the client, or frame the request. */
const OF_THE_CLIENT =
  /^(?:authorization|cookie|host|origin|referer|connection|expect|upgrade|te|trailer|forwarded|content-(?:length|encoding)|transfer-encoding|proxy-.*|x-auth-.*|x-forwarded-.*|x-real-ip|x-couch.*|x-http-method-override|sec-.*)$/

/** Drops headers of a rewrite function's request that it may not set: credentials, those of proxies, and the client's own. */
function headersFromFunction(headers: Record<string, string>, config: Config): Record<string, string> {
  const ofProxies = PROXY_HEADERS.map(key => config.text('chttpd_auth', key).toLowerCase())
  const shown = Object.entries(headersForDesignFunctions(headers, config)).filter(
    ([name]) => !OF_THE_CLIENT.test(name) && !ofProxies.includes(name),
  )
  return Object.fromEntries(shown)
}

const PROXY_HEADERS = ['x_auth_username', 'x_auth_roles', 'x_auth_token'] as const

/** Clients cannot send a longer URL themselves. */
function maxLength(ctx: RequestContext): number {
  return ctx.services.config.integer('couchette', 'max_header_size')
}

function isSecure(ctx: RequestContext): boolean {
  return ctx.services.config.boolean('chttpd', 'secure_rewrites')
}

function nameOf({ id }: DesignDocument): string {
  return id.slice(DESIGN.length)
}

interface Target {
  readonly database: Database
  readonly ddoc: DesignDocument
  /** From the design document on. */
  readonly path: string
  readonly query: readonly (readonly [name: string, value: string])[]
}

function urlOf(ctx: RequestContext, { database, ddoc, path, query }: Target): string {
  const target = resolveTarget(database.name, nameOf(ddoc), path, isSecure(ctx))
  const given = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()
  const text = [target.query, given].filter(part => part !== '').join('&')
  const url = text === '' ? target.path : `${target.path}?${text}`
  if (url.length > maxLength(ctx)) throw fail('badRewrite', TOO_LONG)
  return url
}
