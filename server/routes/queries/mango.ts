import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../../../protocol/json-value.ts'
import { requireObject } from '../../../protocol/json/parse-json.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { parseBounded } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { streamQuery } from './stream-query.ts'
import type { DatabaseQueries } from '../../query/database-queries.ts'
import { explain } from '../../query/mango/explain.ts'
import { readFindRequest, type FindRequest } from '../../query/mango/find-request.ts'
import { findDocuments, isFullScan } from '../../query/mango/find.ts'
import { ALL_DOCS, describeIndex } from '../../query/mango/mango-index.ts'
import { createIndex, deleteIndex, readBulkDelete } from '../../query/mango/manage-indexes.ts'
import { databaseOf } from '../shared/path-names.ts'
import { partitionInPath } from '../shared/partition-in-path.ts'

export async function postFind(ctx: RequestContext): Promise<void> {
  const { queries, request } = await findRequestOf(ctx)
  const scanWarningRatio = ctx.services.config.integer('mango', 'index_scan_warning_threshold')
  const { queryQueue, scanQueue } = ctx.services
  const queue = isFullScan(queries, request) ? scanQueue : queryQueue
  const options = { scanWarningRatio, reader: ctx.state.user }
  await streamQuery(ctx, client => findDocuments(queries, request, options, client), queue)
}

export async function postExplain(ctx: RequestContext): Promise<void> {
  const { queries, request } = await findRequestOf(ctx)
  sendJson(ctx, explain(queries, request))
}

export async function listIndexes(ctx: RequestContext): Promise<void> {
  const queries = await queriesOf(ctx)
  const all = [ALL_DOCS, ...queries.mangoIndexes].map(describeIndex)
  const { skip, limit } = indexRange(QueryParams.of(ctx))
  sendJson(ctx, { total_rows: all.length, indexes: all.slice(skip, skip + limit) })
}

/**
 * CouchDB: mango_httpd:handle_index_req/2.
 *
 * @throws `indexRange` for what is no integer, a limit below 1 or a negative skip
 */
function indexRange(query: QueryParams): { skip: number; limit: number } {
  const skip = integerOf(query.text('skip')) ?? 0
  const limit = integerOf(query.text('limit')) ?? Infinity
  if (skip < 0 || limit < 1) throw fail('indexRange')
  return { skip, limit }
}

function integerOf(text: string | undefined): number | undefined {
  if (text !== undefined && !/^[+-]?\d+$/.test(text)) throw fail('indexRange')
  return text === undefined ? undefined : Number(text)
}

export async function postIndex(ctx: RequestContext): Promise<void> {
  const body = await jsonBody(ctx)
  checkFields(ctx, body)
  sendJson(ctx, await createIndex(await queriesOf(ctx), body, ctx.state.user))
}

/** Each field costs every document that is written. @throws `too_large` */
function checkFields(ctx: RequestContext, { index }: JsonObject): void {
  const most = ctx.services.config.integer('couchette', 'max_index_fields')
  const fields = isJsonObject(index) ? index.fields : undefined
  if (Array.isArray(fields) && fields.length > most) throw fail('tooManyIndexFields', String(most))
}

/** An index is deleted by its design document, type and name. */
export function refuseUnnamed(): never {
  throw fail('missing')
}

export async function removeIndex(ctx: RequestContext): Promise<void> {
  const queries = await queriesOf(ctx)
  const { ddoc, type, name } = ctx.params
  if (type !== 'json') throw fail('missing')
  await deleteIndex(queries, ddoc ?? '', name ?? '', ctx.state.user)
  sendJson(ctx, { ok: true })
}

/** `{"docids": ["_design/a", …]}`: all indexes of these design documents. */
export async function deleteIndexes(ctx: RequestContext): Promise<void> {
  const docids = readBulkDelete(await jsonBody(ctx))
  const queries = await queriesOf(ctx)
  const success: { id: string; ok: true }[] = []
  const failed: { id: string; error: string }[] = []
  for (const id of docids) {
    const names = queries.mangoIndexes.filter(({ ddoc }) => ddoc?.id === id)
    for (const { name } of names) await deleteIndex(queries, id, name, ctx.state.user)
    // CouchDB puts each in front of those before it.
    if (names.length > 0) success.unshift({ id, ok: true })
    else failed.unshift({ id, error: 'not_found' })
  }
  sendJson(ctx, { success, fail: failed })
}

async function findRequestOf(
  ctx: RequestContext,
): Promise<{ queries: DatabaseQueries; request: FindRequest }> {
  const queries = await queriesOf(ctx)
  const partition = partitionInPath(ctx, queries.database)
  requireJson(ctx)
  const json = await readJsonBody(ctx, 'selector')
  const body = requireObject(await parseBounded(ctx, json, 'max_selector_values')) as JsonObject
  const defaultLimit = ctx.services.config.integer('mango', 'default_limit')
  const request = readFindRequest(body, { partition, defaultLimit })
  request.selector.limitSteps(ctx.services.config.integer('couchette', 'regex_step_limit'))
  return { queries, request }
}

async function queriesOf(ctx: RequestContext): Promise<DatabaseQueries> {
  return ctx.services.queries.of(await databaseOf(ctx))
}

async function jsonBody(ctx: RequestContext): Promise<JsonObject> {
  requireJson(ctx)
  const json = await readJsonBody(ctx, 'settings')
  return requireObject(await parseBounded(ctx, json, 'max_selector_values')) as JsonObject
}
