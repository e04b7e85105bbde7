import type Router from '@koa/router'
import type { RequestContext, RequestState } from '../../http/context.ts'
import { endpoint } from '../../routing/route.ts'
import { sendJson } from '../../http/response/reply.ts'
import { NODE_NAME } from '../../node-name.ts'
import { databaseOf } from '../shared/path-names.ts'
import { reshardRoutes } from '../node/reshard.ts'

/** What a cluster of one node tells of itself. */
export function clusterRoutes(router: Router<RequestState>): void {
  reshardRoutes(router)
  endpoint(router, '/:db/_shards', { GET: shards })
  endpoint(router, '/:db/_shards/:docid', { GET: shardOfDocument })
  endpoint(router, '/:db/_sync_shards', { POST: syncShards })
}

/** All documents of a database are in one place, whatever `q` it was made with. */
const WHOLE_RANGE = '00000000-ffffffff'

async function shards(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  sendJson(ctx, { shards: { [WHOLE_RANGE]: [NODE_NAME] } })
}

async function shardOfDocument(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  sendJson(ctx, { range: WHOLE_RANGE, nodes: [NODE_NAME] })
}

async function syncShards(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  sendJson(ctx, { ok: true }, 202)
}
