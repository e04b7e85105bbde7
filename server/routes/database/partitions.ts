import { fail } from '../../../protocol/errors.ts'
import { partitionInfo } from '../../database/info.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import { databaseOf } from '../shared/path-names.ts'
import { namedPartition, partitionInPath } from '../shared/partition-in-path.ts'

export async function getPartition(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const partition = namedPartition(ctx.params.partition ?? null)
  if (!database.record.partitioned) throw fail('badRequest', 'database is not partitioned')
  sendJson(ctx, await partitionInfo(database, partition))
}

export async function postPartition(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  if (ctx.params.partition?.startsWith('_')) namedPartition(ctx.params.partition)
  ctx.set('Allow', 'GET')
  throw fail('methodNotAllowed', 'GET')
}

/** Answers 404 to paths that exist for databases but not for partitions. */
export async function nothing(ctx: RequestContext): Promise<void> {
  partitionInPath(ctx, await databaseOf(ctx))
  throw fail('missing')
}

export async function refuse(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  throw fail('badRequest', 'invalid_partition_req')
}
