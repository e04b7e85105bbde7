import type { Waiter } from '../../../protocol/turns.ts'
import { WaitingClient } from '../../http/request/waiting-client.ts'
import type { RequestContext } from '../context.ts'
import { LongAnswer } from '../../http/response/long-answer.ts'
import { streamJson } from '../../http/response/reply.ts'

/**
 * Answers a query in pieces, as `streamJson` does, through the queue of queries: what waits for an index, and what reads
 * and computes, has its turn among the others, and is given up when the client leaves.
 *
 * @param queue where it waits: another than that of queries for searches through all documents
 * @param begin brings the index up to date and gives the pieces; it may ask whether its client waits
 * @throws `busy`, and what `begin` and the first pieces throw
 */
export async function streamQuery(
  ctx: RequestContext,
  begin: Begin,
  queue = ctx.services.queryQueue,
): Promise<void> {
  const answer = new LongAnswer(ctx)
  const counted: Begin = async client => answer.unread.counted(await begin(client))
  await streamJson(ctx, await queryPieces(ctx, counted, queue), { answer })
}

/**
 * The pieces of a query's answer, which have their turn among those of others.
 *
 * @throws as `streamQuery`
 */
export async function queryPieces(
  ctx: RequestContext,
  begin: Begin,
  queue = ctx.services.queryQueue,
): Promise<Pieces> {
  const client = new WaitingClient(ctx)
  return queue.inTurns(await queue.watch(() => begin(client), client), client)
}

type Pieces = AsyncGenerator<Uint8Array | string>

type Begin = (client: Waiter) => Pieces | Promise<Pieces>

/** Runs work that takes time or memory in the queue of queries. @throws `busy`, and the errors of `work` */
export function runQuery<Result>(ctx: RequestContext, work: () => Promise<Result>): Promise<Result> {
  return ctx.services.queryQueue.run(work, new WaitingClient(ctx))
}

/** Runs work that reads every document of a database, in the queue of scans. @throws `busy`, and the errors of `work` */
export function runScan<Result>(
  ctx: RequestContext,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const client = new WaitingClient(ctx)
  return ctx.services.scanQueue.run(() => work(client.signal), client)
}

/** Runs a comparison of databases in the queue of its user. @throws `busy`, and the errors of `work` */
export function runComparison<Result>(
  ctx: RequestContext,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const client = new WaitingClient(ctx)
  const owner = JSON.stringify(ctx.state.user.name)
  return ctx.services.comparisonQueue.run(owner, () => work(client.signal), client)
}
