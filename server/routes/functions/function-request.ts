import { fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../../../protocol/json-value.ts'
import type { Database } from '../../database/database.ts'
import { readRequestBody } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { headersForDesignFunctions } from './headers-for-design-functions.ts'
import { requireRunnable, type DesignDocument } from '../../query/design/design-document.ts'
import { requestObject } from '../../query/design/request-object.ts'
import { databaseOf, docIdOf } from '../shared/path-names.ts'

/**
 * The function that a path names.
 *
 * @throws `missing json key` where the design document has no such function
 */
export async function functionOf(
  ctx: RequestContext,
  kind: 'updates' | 'shows' | 'lists',
): Promise<{ database: Database; ddoc: DesignDocument; name: string }> {
  const database = await databaseOf(ctx)
  const ddoc = ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
  const name = ctx.params.function ?? ''
  const functions = ddoc.value[kind]
  if (!isJsonObject(functions)) throw fail('missingJsonKey', kind)
  if (!Object.hasOwn(functions, name)) throw fail('missingJsonKey', name)
  requireRunnable(ddoc.value)
  return { database, ddoc, name }
}

/**
 * Reads the body and returns the request object that a function is given.
 *
 * @param read turns the body into the value that the function sees
 */
export async function requestOf(
  ctx: RequestContext,
  database: Database,
  id: string | null,
  read: () => Promise<string | JsonObject | undefined> = async () => ctx.state.body?.toString(),
): Promise<JsonObject> {
  if (ctx.method === 'POST' || ctx.method === 'PUT') ctx.state.body = await readRequestBody(ctx, 'function')
  return requestObject({
    database,
    id,
    method: ctx.method,
    url: ctx.url,
    query: Object.fromEntries(QueryParams.of(ctx).entries()),
    headers: headersForDesignFunctions(ctx.headers, ctx.services.config),
    body: await read(),
    peer: peerOf(ctx.req, ctx.services.config),
    user: ctx.state.user,
  })
}
