import type { Database } from '../../database/database.ts'
import { listDocuments, listQueries } from '../../database/listing/list-documents.ts'
import { listingQuery, type ListingQuery, type Namespace } from '../../database/listing/listing-query.ts'
import { requireJson } from '../../http/request/body.ts'
import type { Handler, Methods, RequestContext } from '../context.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { LongAnswer } from '../../http/response/long-answer.ts'
import { streamJsonChunks } from '../../http/response/reply.ts'
import {
  parametersOfBody,
  parametersOfQuery,
  type ViewParameters,
} from '../../../protocol/view-parameters.ts'
import { listParametersOfBody, listParametersOfQuery } from '../shared/list-parameters.ts'
import { databaseOf } from '../shared/path-names.ts'
import { partitionInPath } from '../shared/partition-in-path.ts'
import { boundedQueries, withinQueryLimit } from '../queries/query-limit.ts'

/** `GET` and `POST` of a list: `_all_docs`, `_design_docs`, `_local_docs`, of a database or a partition. */
export function listMethods(namespace: Namespace): Methods {
  const get: Handler = ctx => getList(ctx, namespace)
  return { GET: get, HEAD: get, POST: ctx => postList(ctx, namespace) }
}

/** `POST` of several queries at once. */
export function listQueriesMethods(namespace: Namespace): Methods {
  return { POST: ctx => postQueries(ctx, namespace) }
}

async function getList(ctx: RequestContext, namespace: Namespace): Promise<void> {
  const database = await databaseOf(ctx)
  const partition = partitionInPath(ctx, database)
  const parameters = listParametersOfQuery(ctx)
  await send(ctx, database, namespace, partition === undefined ? parameters : { ...parameters, partition })
}

async function postList(ctx: RequestContext, namespace: Namespace): Promise<void> {
  const database = await databaseOf(ctx)
  const partition = partitionInPath(ctx, database)
  requireJson(ctx)
  const body = listParametersOfBody(await readJsonObject(ctx, 'query'))
  await send(ctx, database, namespace, { ...body, ...inQuery(ctx, partition) })
}

async function postQueries(ctx: RequestContext, namespace: Namespace): Promise<void> {
  const database = await databaseOf(ctx)
  const partition = partitionInPath(ctx, database)
  const body = await readJsonObject(ctx, 'query')
  const shared = inQuery(ctx, partition)
  const queries = boundedQueries(ctx, body).map(query =>
    queryOf(ctx, database, namespace, { ...shared, ...parametersOfBody(query) }),
  )
  const answer = new LongAnswer(ctx, ctx.services.readQueue)
  const chunks = listQueries(database, queries, ctx.state.user, answer)
  await streamJsonChunks(ctx, answer.inTurns(database.name, chunks), answer)
}

async function send(
  ctx: RequestContext,
  database: Database,
  namespace: Namespace,
  parameters: ViewParameters,
): Promise<void> {
  const query = queryOf(ctx, database, namespace, parameters)
  const answer = new LongAnswer(ctx, ctx.services.readQueue)
  const chunks = listDocuments(database, query, ctx.state.user, answer)
  await streamJsonChunks(ctx, answer.inTurns(database.name, chunks), answer)
}

function queryOf(
  ctx: RequestContext,
  database: Database,
  namespace: Namespace,
  parameters: ViewParameters,
): ListingQuery {
  const query = listingQuery(database, namespace, limited(ctx, parameters))
  return { ...query, includeSystem: QueryParams.of(ctx).flag('include_system') }
}

/** The parameters of the query, and the partition that the path names. */
function inQuery(ctx: RequestContext, partition: string | undefined): ViewParameters {
  const parameters = parametersOfQuery(QueryParams.of(ctx).entries())
  return partition === undefined ? parameters : { ...parameters, partition }
}

/** Only within a partition a list of documents has a limit of its own. */
function limited(ctx: RequestContext, parameters: ViewParameters): ViewParameters {
  return parameters.partition === undefined ? parameters : withinQueryLimit(ctx, parameters)
}
