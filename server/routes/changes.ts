import type Router from '@koa/router'
import { fail } from '../../protocol/errors.ts'
import { parseSeq } from '../../protocol/sequence.ts'
import { changesAfter } from '../changes/read-changes.ts'
import type { Database } from '../database/database.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { Query } from '../http/query.ts'
import { streamJson } from '../http/reply.ts'
import { databaseOf } from './database-of.ts'

export function changesRoutes(router: Router<RequestState>): void {
  endpoint(router, '/:db/_changes', { GET: getChanges, POST: getChanges, HEAD: getChanges })
}

async function getChanges(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const query = Query.of(ctx)
  const since = sinceOf(database, query.text('since') ?? '0')
  const allLeaves = query.text('style') === 'all_docs'
  const feed = query.text('feed') ?? 'normal'
  const limit = Number(query.text('limit') ?? Infinity)
  const includeDocs = query.flag('include_docs')
  if (feed === 'normal') {
    streamJson(ctx, normalFeed(database, since, { allLeaves, limit, includeDocs }))
    return
  }
  if (feed !== 'continuous' && feed !== 'longpoll')
    throw fail('badRequest', 'Supported `feed` types: normal, continuous, live, longpoll, eventsource')
  const gone = new AbortController()
  ctx.res.once('close', () => gone.abort())
  streamJson(ctx, liveFeed(database, since, { allLeaves, limit, includeDocs, feed, signal: gone.signal }))
}

function sinceOf(database: Database, since: string): number {
  return since === 'now' ? database.state.seq : parseSeq(since).number
}

interface FeedOptions {
  readonly allLeaves: boolean
  readonly limit: number
  readonly includeDocs: boolean
}

async function* normalFeed(
  database: Database,
  since: number,
  options: FeedOptions,
): AsyncGenerator<Uint8Array | string> {
  yield '{"results":[\n'
  let last = since
  let count = 0
  for await (const { rows, seq } of changesAfter(database, since, options)) {
    yield (count === 0 ? '' : ',\n') + rows.join(',\n')
    count += rows.length
    last = seq
  }
  if (options.limit === Infinity) last = Math.max(last, database.state.seq)
  const pending = Math.max(0, database.state.seq - last)
  yield `\n],\n"last_seq":"${database.formatSeq(last)}","pending":${pending}}\n`
}

async function* liveFeed(
  database: Database,
  since: number,
  options: FeedOptions & { feed: 'continuous' | 'longpoll'; signal: AbortSignal },
): AsyncGenerator<Uint8Array | string> {
  const longpoll = options.feed === 'longpoll'
  if (longpoll) yield '{"results":[\n'
  let last = since
  let left = options.limit
  while (left > 0) {
    let separator = ''
    for await (const { rows, seq } of changesAfter(database, last, { ...options, limit: left })) {
      yield longpoll ? separator + rows.join(',\n') : rows.join('\n') + '\n'
      separator = ',\n'
      left -= rows.length
      last = seq
    }
    if (longpoll && separator !== '') break
    if (!(await database.tail.wait(last, options.signal))) break
  }
  yield longpoll
    ? `\n],\n"last_seq":"${database.formatSeq(last)}","pending":0}\n`
    : `{"last_seq":"${database.formatSeq(last)}","pending":0}\n`
}
