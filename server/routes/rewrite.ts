import { fail } from '../../protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../../protocol/json-value.ts'
import type { Database } from '../database/database.ts'
import type { RequestContext } from '../http/context.ts'
import { decodeSegment } from '../http/percent.ts'
import { Query } from '../http/query.ts'
import { shownHeaders } from '../http/shown-headers.ts'
import type { DesignDocument } from '../query/design/design-document.ts'
import { functionAnswer } from '../query/design/function-answer.ts'
import { compileRules, resolvePath, rewrite } from '../query/design/rewrite-rules.ts'
import { answerFunction } from './answer-function.ts'
import { databaseOf, docIdOf } from './database-of.ts'
import { requestOf } from './function-request.ts'

/** Has the path answer that the rules or the function of a design document name. (CouchDB: chttpd_rewrite) */
export async function runRewrite(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const ddoc = ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
  const { rewrites } = ddoc.value
  if (typeof rewrites === 'string') return runRewriteFunction(ctx, database, ddoc)
  if (!Array.isArray(rewrites)) throw fail('noRewrites')
  const rules = compileRules(rewrites, ctx.services.config.boolean('chttpd', 'secure_rewrites'))
  const path = (ctx.params.target ?? '').split('/').filter(part => part !== '')
  const decoded = path.map(part => decodeSegment(part) ?? part)
  const { path: to, query } = rewrite(rules, ctx.method, decoded, [...Query.of(ctx).entries()])
  await ctx.redispatch(urlOf(resolvePath(database.name, nameOf(ddoc), to), query))
}

/** A function answers itself, with a `code`, or with the request that answers. */
async function runRewriteFunction(
  ctx: RequestContext,
  database: Database,
  ddoc: DesignDocument,
): Promise<void> {
  const request = await requestOf(ctx, database, null)
  const rewritten = await ctx.services.queries.sandbox.rewrite(ddoc.sandbox, JSON.stringify(request))
  const target = typeof rewritten === 'string' ? { path: rewritten } : rewritten
  if (!isJsonObject(target)) throw fail('noRewrites')
  if (typeof target.code === 'number') return answerFunction(ctx, functionAnswer(target, target.code))
  if (typeof target.path !== 'string') throw fail('noRewritePath')
  const query = isJsonObject(target.query)
    ? Object.entries(target.query).map(([name, value]) => [name, textOf(value)] as const)
    : [...Query.of(ctx).entries()]
  takeOver(ctx, target)
  await ctx.redispatch(urlOf(resolvePath(database.name, nameOf(ddoc), target.path), query))
}

/** Gives the request the method, headers and body of the function; what proves who asks is not the function's to say. */
function takeOver(ctx: RequestContext, { method, headers, body }: JsonObject): void {
  if (typeof body === 'string') ctx.state.body = Buffer.from(body)
  if (typeof method === 'string') ctx.method = method.toUpperCase()
  if (isJsonObject(headers)) {
    const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), textOf(value)])
    Object.assign(ctx.req.headers, shownHeaders(Object.fromEntries(named) as Record<string, string>))
  }
  if (ctx.state.body === undefined) return
  ctx.req.headers['content-length'] = String(ctx.state.body.length)
  delete ctx.req.headers['transfer-encoding']
  delete ctx.req.headers['content-encoding']
}

function nameOf({ id }: DesignDocument): string {
  return id.slice('_design/'.length)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function urlOf(path: string, query: readonly (readonly [string, string])[]): string {
  const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()
  return text === '' ? path : `${path}?${text}`
}
