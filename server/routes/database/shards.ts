import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'
import { NODE_NAME } from '../../node/node-name.ts'
import { databaseOf } from '../shared/path-names.ts'

/** All documents of a database are in one place, whatever `q` it was made with. */
const WHOLE_RANGE = '00000000-ffffffff'

export async function shards(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  sendJson(ctx, { shards: { [WHOLE_RANGE]: [NODE_NAME] } })
}

export async function shardOfDocument(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  sendJson(ctx, { range: WHOLE_RANGE, nodes: [NODE_NAME] })
}

export async function syncShards(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  sendJson(ctx, { ok: true }, 202)
}
