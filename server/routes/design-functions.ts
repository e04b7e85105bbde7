import type Router from '@koa/router'
import { parseDocId, type DocId } from '../../protocol/document-id.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { fail } from '../../protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../../protocol/json-value.ts'
import type { Database } from '../database/database.ts'
import { readRevision } from '../database/read-document.ts'
import { writeDocuments } from '../database/write-documents.ts'
import type { Handler, RequestContext, RequestState } from '../http/context.ts'
import { endpoint, type Methods } from '../http/endpoints.ts'
import { makeEtag } from '../http/etag.ts'
import { decodeSegment, encodeSegment } from '../http/percent.ts'
import { Query } from '../http/query.ts'
import { notModified } from '../http/reply.ts'
import type { DesignDocument } from '../query/design/design-document.ts'
import { functionAnswer } from '../query/design/function-answer.ts'
import { resolvePath, rewrite } from '../query/design/rewrite-rules.ts'
import { answerFunction } from './answer-function.ts'
import { databaseOf, docIdOf } from './database-of.ts'
import { functionOf, requestOf, segment } from './function-request.ts'
import { runList } from './list-function.ts'

export function designFunctionRoutes(router: Router<RequestState>): void {
  const updates = { POST: runUpdate, PUT: runUpdate, DELETE: runUpdate, GET: refuseUpdate }
  endpoint(router, '/:db/_design/:name/_update', whatever(noPath('noUpdatePath')))
  endpoint(router, '/:db/_design/:name/_update/:function', updates)
  endpoint(router, '/:db/_design/:name/_update/:function/*target', updates)
  const shows = whatever(runShow)
  endpoint(router, '/:db/_design/:name/_show', whatever(noPath('noShowPath')))
  endpoint(router, '/:db/_design/:name/_show/:function', shows)
  endpoint(router, '/:db/_design/:name/_show/:function/*target', shows)
  const lists = { GET: runList, POST: runList, HEAD: runList, OPTIONS: runList }
  endpoint(router, '/:db/_design/:name/_list/:function/:view', lists, 'GET,POST,HEAD')
  endpoint(router, '/:db/_design/:name/_list/:function/:other/:view', lists, 'GET,POST,HEAD')
  const noList = noPath('noListPath')
  const pathless = { GET: noList, POST: noList, HEAD: noList }
  endpoint(router, '/:db/_design/:name/_list', pathless)
  endpoint(router, '/:db/_design/:name/_list/:function', pathless)
  endpoint(router, '/:db/_design/:name/_list/:function/:other/:view/*more', pathless)
  const rewrites = whatever(runRewrite)
  endpoint(router, '/:db/_design/:name/_rewrite', rewrites)
  endpoint(router, '/:db/_design/:name/_rewrite/*target', rewrites)
}

/** The same for all methods. */
function whatever(handler: Handler): Methods {
  return { DELETE: handler, GET: handler, HEAD: handler, POST: handler, PUT: handler }
}

/** What is not the path of a function, in a design document that is there. (CouchDB: chttpd_show) */
function noPath(error: 'noShowPath' | 'noListPath' | 'noUpdatePath'): Handler {
  return async ctx => {
    const database = await databaseOf(ctx)
    ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
    throw fail(error)
  }
}

function refuseUpdate(): never {
  throw fail('noUpdateByGet')
}

async function runUpdate(ctx: RequestContext): Promise<void> {
  const { database, ddoc, name } = await functionOf(ctx, 'updates')
  const id = targetOf(ctx)
  const request = await requestOf(ctx, database, id)
  const args = `[${documentText(database, id) ?? 'null'},${JSON.stringify(request)}]`
  const { document, response } = await ctx.services.queries.sandbox.update(ddoc.sandbox, name, args)
  const saved = isJsonObject(document) ? await save(ctx, database, document) : undefined
  if (saved !== undefined) {
    ctx.set('X-Couch-Update-NewRev', saved.rev)
    ctx.set('X-Couch-Id', encodeSegment(saved.id))
  }
  answerFunction(ctx, functionAnswer(response, saved === undefined ? 200 : 201))
}

async function save(
  ctx: RequestContext,
  database: Database,
  document: JsonObject,
): Promise<{ id: string; rev: string }> {
  const input = parseDocument(Buffer.from(JSON.stringify(document)), { term: true })
  const { user } = ctx.state
  const id = input.id ?? parseDocId('')
  const [outcome] = await writeDocuments(database, [{ id, input }], { replicated: false, user })
  if (outcome === undefined || outcome.error !== undefined) throw outcome?.error ?? fail('conflict')
  return { id: outcome.id, rev: outcome.rev }
}

async function runShow(ctx: RequestContext): Promise<void> {
  const { database, ddoc, name } = await functionOf(ctx, 'shows')
  const id = targetOf(ctx)
  const text = documentText(database, id)
  ctx.set('Vary', 'Accept')
  const rev = text === undefined || id === null ? '' : (database.document(id as DocId)?.rev ?? '')
  if (notModified(ctx, makeEtag(`${ddoc.rev} ${rev} ${ctx.get('Accept')} ${ctx.querystring}`))) return
  const request = await requestOf(ctx, database, id)
  const args = `[${text ?? 'null'},${JSON.stringify(request)}]`
  const answer = functionAnswer(await ctx.services.queries.sandbox.show(ddoc.sandbox, name, args), 200)
  // Those are not the function's to say.
  const headers = Object.entries(answer.headers).filter(([header]) => header !== 'etag' && header !== 'vary')
  answerFunction(ctx, { ...answer, headers: Object.fromEntries(headers) })
}

async function runRewrite(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const ddoc = ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
  const { rewrites } = ddoc.value
  const name = ddoc.id.slice('_design/'.length)
  if (typeof rewrites === 'string') return runRewriteFunction(ctx, database, ddoc)
  if (!Array.isArray(rewrites)) throw fail('noRewrites')
  const path = (ctx.params.target ?? '').split('/').filter(part => part !== '')
  const decoded = path.map(part => decodeSegment(part) ?? part)
  const { path: to, query } = rewrite(rewrites, ctx.method, decoded, [...Query.of(ctx).entries()])
  await ctx.redispatch(urlOf(resolvePath(database.name, name, to), query))
}

/** A function answers itself, with a `code`, or with the path that answers. */
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
    ? Object.entries(target.query).map(
        ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
      )
    : [...Query.of(ctx).entries()]
  const path = resolvePath(database.name, ddoc.id.slice('_design/'.length), target.path)
  await ctx.redispatch(urlOf(path, query))
}

function urlOf(path: string, query: readonly (readonly [string, string])[]): string {
  const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()
  return text === '' ? path : `${path}?${text}`
}

/** The document's id behind the function's name, slashes and all. */
function targetOf(ctx: RequestContext): string | null {
  return ctx.params.target === undefined ? null : segment(ctx, 'target')
}

function documentText(database: Database, id: string | null): string | undefined {
  const document = id === null ? undefined : database.document(id as DocId)
  if (document === undefined || document.deleted) return undefined
  return readRevision(database, id as DocId, { document, node: document }, {}).json.toString()
}
