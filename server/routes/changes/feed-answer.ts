import { Connection } from '../../changes/live/connection.ts'
import { EmptyLongpoll } from '../../changes/live/empty-longpoll.ts'
import { LiveFeed, type LiveFeedParts } from '../../changes/live/live-feed.ts'
import { normalFeed } from '../../changes/normal-feed.ts'
import type { FeedRequest } from '../../changes/feed-request.ts'
import { LongAnswer } from '../../http/response/long-answer.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'
import { notModified, streamChunks } from '../../http/response/reply.ts'

/** Answers with a feed: a normal one with an ETag, a live one on the socket itself, without koa. */
export async function answerFeed(
  ctx: RequestContext,
  parts: Omit<LiveFeedParts, 'feeds' | 'pace' | 'paced'>,
): Promise<void> {
  const { database, request, renderer, style } = parts
  const { res } = ctx
  const isNormal = request.kind === 'normal'
  if (isNormal && notModified(ctx, tagOf(database))) return
  const headers = isNormal ? style.headers : { ...style.headers, 'X-Accel-Buffering': 'no' }
  if (ctx.method === 'HEAD') {
    ctx.respond = false
    res.writeHead(200, headers).end()
  } else if (isNormal) {
    ctx.status = 200
    ctx.set(headers)
    watchReader(ctx, database)
    const pace = longAnswer(ctx, request)
    const chunks = normalFeed(database, request, { renderer, style, pace })
    await streamChunks(ctx, pace.inTurns(database.name, chunks), pace)
  } else {
    if (request.start < database.tail.seq) ctx.services.unreadAnswers.admit()
    const isEmpty = request.kind === 'longpoll' && request.limit === 0
    const Feed = isEmpty ? EmptyLongpoll : LiveFeed
    const pace = longAnswer(ctx, request)
    const paced: LiveFeedParts['paced'] = rows => pace.inTurns(database.name, rows)
    await new Feed({ ...parts, feeds: ctx.services.feeds, pace, paced }).start(onGone => {
      ctx.respond = false
      res.writeHead(200, headers)
      watchReader(ctx, database)
      return new Connection(res, pace.unread, onGone)
    })
  }
}

/** Feeds with a filter have turns of their own: a slow one holds up no others. */
function longAnswer(ctx: RequestContext, { rows }: FeedRequest): LongAnswer {
  const { readQueue, filterQueue } = ctx.services
  return new LongAnswer(ctx, rows.filter === undefined ? readQueue : filterQueue)
}

/** Ends the answer with the reader's right. Nothing of the request's context is kept for it. */
function watchReader({ services, state, res }: RequestContext, database: Database): void {
  const { user, proof, rightsEpoch: epoch = 0 } = state
  res.once('close', services.live.add({ database, user, proof, epoch, end: () => res.destroy() }))
}

/** Changes with every change of the database. */
function tagOf({ state, record }: Database): string {
  return `${state.seq.toString(36)}-${state.purgeSeq.toString(36)}-${record.instance}`
}
