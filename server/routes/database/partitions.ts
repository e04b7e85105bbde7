import type Router from '@koa/router'
import { fail } from '../../../protocol/errors.ts'
import { partitionInfo } from '../../database/info.ts'
import type { Handler, RequestContext, RequestState } from '../../http/context.ts'
import { endpoint, type Methods } from '../../routing/route.ts'
import { sendJson } from '../../http/response/reply.ts'
import { databaseOf } from '../shared/path-names.ts'
import { namedPartition, partitionInPath } from '../shared/partition-in-path.ts'

export function partitionRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/_partition/:partition', { GET: getPartition, POST: postPartition }, 'GET')
  endpoint(router, '/:db/_partition', every(refuse))
  endpoint(router, '/:db/_partition/:partition/*rest', every(nothing))
}

async function getPartition(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const partition = namedPartition(ctx.params.partition ?? '')
  if (!database.record.partitioned) throw fail('badRequest', 'database is not partitioned')
  sendJson(ctx, await partitionInfo(database, partition))
}

async function postPartition(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  if (ctx.params.partition?.startsWith('_')) namedPartition(ctx.params.partition)
  ctx.set('Allow', 'GET')
  throw fail('methodNotAllowed', 'GET')
}

/** What a partition does not have. */
async function nothing(ctx: RequestContext): Promise<void> {
  partitionInPath(ctx, await databaseOf(ctx))
  throw fail('missing')
}

function every(handler: Handler): Methods {
  return { DELETE: handler, GET: handler, POST: handler, PUT: handler, COPY: handler }
}

async function refuse(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  throw fail('badRequest', 'invalid_partition_req')
}
