import type { Waiter } from '../../concurrency/work-queue.ts'
import type { RequestContext } from '../context.ts'
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
  await streamJson(ctx, await queryPieces(ctx, begin, queue))
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
  const client = new Client(ctx)
  return queue.inTurns(await queue.watch(() => begin(client), client), client)
}

type Pieces = AsyncGenerator<Uint8Array | string>

type Begin = (client: Waiter) => Pieces | Promise<Pieces>

/** Runs work that takes time or memory in the queue of queries. @throws `busy`, and the errors of `work` */
export function runQuery<Result>(ctx: RequestContext, work: () => Promise<Result>): Promise<Result> {
  return ctx.services.queryQueue.run(work, new Client(ctx))
}

/** Runs work that reads every document of a database, in the queue of scans. @throws `busy`, and the errors of `work` */
export function runScan<Result>(
  ctx: RequestContext,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const client = new Client(ctx)
  return ctx.services.scanQueue.run(() => work(client.signal), client)
}

/** Runs a comparison of databases in the queue of its user. @throws `busy`, and the errors of `work` */
export function runComparison<Result>(
  ctx: RequestContext,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const client = new Client(ctx)
  const owner = JSON.stringify(ctx.state.user.name)
  return ctx.services.comparisonQueue.run(owner, () => work(client.signal), client)
}

/** The client of a query; its signal is aborted when the connection or the stream of the request closes. */
class Client implements Waiter {
  #left = false
  #leaving: AbortController | undefined

  constructor({ res }: RequestContext) {
    res.once('close', () => {
      this.#left = true
      this.#leaving?.abort(gone())
    })
  }

  get signal(): AbortSignal {
    if (this.#leaving === undefined) {
      this.#leaving = new AbortController()
      if (this.#left) this.#leaving.abort(gone())
    }
    return this.#leaving.signal
  }
}

function gone(): Error {
  return Object.assign(new Error('the client has left'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
}
