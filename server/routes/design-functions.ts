import type Router from '@koa/router'
import { parseDocId, type DocId } from '../../protocol/document-id.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { fail } from '../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../protocol/json-value.ts'
import type { Database } from '../database/database.ts'
import { listDocuments } from '../database/listing/list-documents.ts'
import { listingQuery } from '../database/listing/listing-query.ts'
import { readRevision } from '../database/read-document.ts'
import { writeDocuments } from '../database/write-documents.ts'
import { parseJsonObject } from '../../protocol/json/parse-json.ts'
import { readBody, requireJson } from '../http/body.ts'
import type { Handler, RequestContext, RequestState } from '../http/context.ts'
import { endpoint, type Methods } from '../http/endpoints.ts'
import { shownHeaders } from '../http/shown-headers.ts'
import { decodeSegment } from '../http/percent.ts'
import { Query } from '../http/query.ts'
import { makeEtag } from '../http/etag.ts'
import { notModified, sendJson } from '../http/reply.ts'
import { requireJavaScript, type DesignDocument } from '../query/design/design-document.ts'
import { functionAnswer, type FunctionAnswer } from '../query/design/function-answer.ts'
import { requestObject } from '../query/design/request-object.ts'
import { resolvePath, rewrite } from '../query/design/rewrite-rules.ts'
import { View, type AnswerPieces } from '../query/views/run-query.ts'
import { gatherRows } from '../query/views/gather-rows.ts'
import { parametersOfBody, parametersOfQuery, type ViewParameters } from '../query/views/view-parameters.ts'
import { databaseOf, docIdOf } from './database-of.ts'

export function designFunctionRoutes(router: Router<RequestState>): void {
  const updates = { POST: runUpdate, PUT: runUpdate, DELETE: runUpdate, GET: refuseUpdate }
  endpoint(router, '/:db/_design/:name/_update', whatever(noPath('noUpdatePath')))
  endpoint(router, '/:db/_design/:name/_update/:function', updates)
  endpoint(router, '/:db/_design/:name/_update/:function/*target', updates)
  const shows = whatever(runShow)
  endpoint(router, '/:db/_design/:name/_show', whatever(noPath('noShowPath')))
  endpoint(router, '/:db/_design/:name/_show/:function', shows)
  endpoint(router, '/:db/_design/:name/_show/:function/*target', shows)
  const lists = { GET: runList, POST: runList, HEAD: runList }
  endpoint(router, '/:db/_design/:name/_list/:function/:view', lists)
  endpoint(router, '/:db/_design/:name/_list/:function/:other/:view', lists)
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
  const saved = document === null ? undefined : await save(ctx, database, document)
  if (saved !== undefined) {
    ctx.set('X-Couch-Update-NewRev', saved.rev)
    ctx.set('X-Couch-Id', saved.id)
  }
  send(ctx, functionAnswer(response, saved === undefined ? 200 : 201))
}

async function save(
  ctx: RequestContext,
  database: Database,
  document: JsonValue,
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
  send(ctx, functionAnswer(await ctx.services.queries.sandbox.show(ddoc.sandbox, name, args), 200))
}

/** The function has all the rows before it runs, or the first of them, where there are more than it has memory for. */
async function runList(ctx: RequestContext): Promise<void> {
  const { database, ddoc, name } = await functionOf(ctx, 'lists')
  const request = await requestOf(ctx, database, null)
  const parameters = { ...keysOfBody(ctx, request), ...parametersOfQuery(Query.of(ctx).entries()) }
  const listed = await listedRows(ctx, database, ddoc, parameters)
  const { head, rows, isWhole } = await gatherRows(listed, MAX_LIST_BYTES)
  const answer = await ctx.services.queries.sandbox.list(
    ddoc.sandbox,
    name,
    `[${head},${JSON.stringify(request)}]`,
    { rows, isWhole },
  )
  send(ctx, functionAnswer({ ...answer.head, body: answer.chunks.join('') }, 200))
}

/** The rows of a view of this or another design document, or with `_all_docs` the documents. */
async function listedRows(
  ctx: RequestContext,
  database: Database,
  ddoc: DesignDocument,
  parameters: ViewParameters,
): Promise<AnswerPieces> {
  const queries = ctx.services.queries.of(database)
  const other =
    ctx.params.other === undefined
      ? ddoc
      : queries.designs.get(parseDocId(`_design/${segment(ctx, 'other')}`))
  const name = segment(ctx, 'view')
  if (name === '_all_docs') {
    return listDocuments(database, listingQuery(database, 'documents', parameters), ctx.state.user)
  }
  const view = new View(database, queries.indexOf(other), name)
  return view.answer([view.check(parameters)], { onlyOne: true })
}

/** Beyond this the rows would not fit into the memory of an engine. */
const MAX_LIST_BYTES = 32 * 1024 * 1024

/** The `keys` of a posted body, which is JSON and was read for the request. */
function keysOfBody(ctx: RequestContext, request: JsonObject): ViewParameters {
  if (ctx.method !== 'POST') return {}
  requireJson(ctx)
  const { keys } = parseJsonObject(
    Buffer.from(typeof request.body === 'string' ? request.body : ''),
  ) as JsonObject
  return keys === undefined ? {} : parametersOfBody({ keys })
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
  if (typeof target.code === 'number') return send(ctx, functionAnswer(target, target.code))
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

/** @throws `missing json key` where the design document has no such function */
async function functionOf(
  ctx: RequestContext,
  kind: 'updates' | 'shows' | 'lists',
): Promise<{ database: Database; ddoc: DesignDocument; name: string }> {
  const database = await databaseOf(ctx)
  const ddoc = ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
  const name = segment(ctx, 'function')
  const functions = ddoc.value[kind]
  if (!isJsonObject(functions)) throw fail('missingJsonKey', kind)
  if (!Object.hasOwn(functions, name)) throw fail('missingJsonKey', name)
  requireJavaScript(ddoc.value)
  return { database, ddoc, name }
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

async function requestOf(ctx: RequestContext, database: Database, id: string | null): Promise<JsonObject> {
  const hasBody = ctx.method === 'POST' || ctx.method === 'PUT'
  const limit = ctx.services.config.integer('chttpd', 'max_http_request_size')
  return requestObject({
    database,
    id,
    method: ctx.method,
    url: ctx.url,
    query: Object.fromEntries(Query.of(ctx).entries()),
    headers: shownHeaders(ctx.headers),
    body: hasBody ? (await readBody(ctx, limit)).toString() : undefined,
    peer: ctx.ip,
    user: ctx.state.user,
  })
}

function send(ctx: RequestContext, { status, headers, body, isJson }: FunctionAnswer): void {
  if (isJson && headers['content-type'] === 'application/json') {
    for (const [name, value] of Object.entries(headers)) if (name !== 'content-type') ctx.set(name, value)
    sendJson(ctx, body, status)
    return
  }
  ctx.status = status
  const { config } = ctx.services
  if (config.boolean('csp', 'showlist_enable')) {
    ctx.set('Content-Security-Policy', config.text('csp', 'showlist_header_value'))
  }
  ctx.set({ ...headers })
  ctx.body = body
}

function segment(ctx: RequestContext, name: string): string {
  return decodeSegment(ctx.params[name] ?? '') ?? ''
}
