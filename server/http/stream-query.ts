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
  await streamJson(ctx, await queryPieces(ctx, begin))
}

/**
 * The pieces of a query's answer, which have their turn among those of others.
 *
 * @throws as `streamQuery`
 */
export async function queryPieces(
  ctx: RequestContext,
  begin: () => Promise<AsyncGenerator<Uint8Array | string>>,
): Promise<AsyncGenerator<Uint8Array | string>> {
  const { queryQueue } = ctx.services
  const client = clientOf(ctx)
  return queryQueue.inTurns(await queryQueue.watch(begin, client), client)
}

/** Aborted when the connection or the stream of the request closes. */
function clientOf({ res }: RequestContext): AbortSignal {
  const client = new AbortController()
  const gone = Object.assign(new Error('the client has left'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
  res.once('close', () => client.abort(gone))
  return client.signal
}
