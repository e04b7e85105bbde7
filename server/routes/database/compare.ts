import { compare } from '../../../replicator/compare.ts'
import { fail } from '../../../protocol/errors.ts'
import type { ReplicationRequest } from '../../../protocol/replication-request.ts'
import { requireJson } from '../../http/request/body.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { streamChunks } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'
import { runComparison } from '../queries/stream-query.ts'
import { parseRequest, rethrow } from '../replication/replicate.ts'

/**
 * `POST /_compare`: compares two databases, named as in `_replicate`, leaf for leaf. The answer is NDJSON: a line for each
 * document of which a side lacks revisions, and a summary.
 */
export async function postCompare(ctx: RequestContext): Promise<void> {
  const { name } = ctx.state.user
  if (name === null) throw fail('unauthorized', 'You are not an authenticated user')
  requireJson(ctx)
  const asked = await parseRequest(ctx)
  if ('cancelId' in asked) throw fail('badRequest', 'a comparison ends with its connection')
  const request = { ...asked, user: ctx.state.user }
  const answer = async (signal: AbortSignal): Promise<void> => {
    ctx.status = 200
    ctx.set('Content-Type', 'application/x-ndjson')
    ctx.set('Cache-Control', 'must-revalidate')
    await streamChunks(ctx, lines(ctx, request, signal))
  }
  await runComparison(ctx, answer)
}

async function* lines(
  ctx: RequestContext,
  request: ReplicationRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { replicator, config } = ctx.services
  const origin = { maker: await replicator.users.of(ctx.state.user), loginFrom: peerOf(ctx.req, config) }
  try {
    const peers = await replicator.peersOf(request, origin)
    try {
      const batchSize = config.integer('compare', 'batch_size')
      for await (const line of compare(peers, batchSize, signal))
        yield Buffer.from(`${JSON.stringify(line)}\n`)
    } finally {
      await Promise.all([peers.source.close(), peers.target.close()])
    }
  } catch (error) {
    rethrow(error)
  }
}
