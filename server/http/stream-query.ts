import type { RequestContext } from './context.ts'
import { streamJson } from './reply.ts'

/**
 * Answers a query in pieces, as `streamJson` does, through the queue of queries: what waits for an index, and what reads
 * and computes, has its turn among the others, and is given up when the client leaves.
 *
 * @param begin brings the index up to date and gives the pieces
 * @throws `busy`, and what `begin` and the first pieces throw
 */
export async function streamQuery(
  ctx: RequestContext,
  begin: () => Promise<AsyncGenerator<Uint8Array | string>>,
): Promise<void> {
  const { queryQueue } = ctx.services
  const client = clientOf(ctx)
  const pieces = await queryQueue.watch(begin, client)
  await streamJson(ctx, queryQueue.inTurns(pieces, client))
}

/** Aborted when the connection or the stream of the request closes. */
function clientOf({ res }: RequestContext): AbortSignal {
  const client = new AbortController()
  const gone = Object.assign(new Error('the client has left'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
  res.once('close', () => client.abort(gone))
  return client.signal
}
