import type Router from '@koa/router'
import { fail } from '../../protocol/errors.ts'
import { parsePartition } from '../../protocol/partition.ts'
import { partitionInfo } from '../database/info.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { decodeSegment } from '../http/percent.ts'
import { sendJson } from '../http/reply.ts'
import { databaseOf } from './database-of.ts'

export function partitionRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/_partition/:partition', { GET: getPartition }, 'GET')
  const refused = { DELETE: refuse, GET: refuse, POST: refuse, PUT: refuse }
  endpoint(router, '/:db/_partition', refused)
}

async function getPartition(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const partition = decodeSegment(ctx.params.partition ?? '')
  if (partition === undefined) throw fail('illegalPartition', 'Partition must be valid UTF-8')
  parsePartition(partition)
  if (!database.record.partitioned) throw fail('badRequest', 'database is not partitioned')
  sendJson(ctx, await partitionInfo(database, partition))
}

async function refuse(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  throw fail('badRequest', 'invalid_partition_req')
}
