import { requireObject } from '../../../protocol/json/parse-json.ts'
import { rowRendererOf } from '../../changes/feed-rows.ts'
import type { FeedRequest } from '../../changes/feed-request.ts'
import { CHANGES_STYLES } from '../../changes/live/feed-style.ts'
import { resolveSince } from '../../changes/since.ts'
import type { Database } from '../../database/database.ts'
import { readJsonBody, requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { checkValues, parseBounded } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { feedKind, parseChangesQuery } from './changes-query.ts'
import { filterOf } from './changes-filter.ts'
import { whenReached } from '../shared/when-reached.ts'
import { databaseOf } from '../shared/path-names.ts'
import { answerFeed } from './feed-answer.ts'

export async function getChanges(ctx: RequestContext): Promise<void> {
  await sendChanges(ctx, await databaseOf(ctx), undefined)
}

export async function postChanges(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  const body = await readJsonBody(ctx, 'query')
  if (QueryParams.of(ctx).text('filter') === '_selector') {
    const { config } = ctx.services
    const string = config.integer('couchette', 'max_query_string_size')
    await checkValues(ctx, body, 'max_selector_values', string)
  }
  await sendChanges(
    ctx,
    database,
    body.length === 0 ? undefined : requireObject(await parseBounded(ctx, body, 'max_query_values')),
  )
}

async function sendChanges(
  ctx: RequestContext,
  database: Database,
  body: Readonly<Record<string, unknown>> | undefined,
): Promise<void> {
  const request = await requestOf(ctx, database, body)
  await answerFeed(ctx, {
    database,
    request,
    renderer: rowRendererOf(database, request.rows, ctx.state.user),
    style: CHANGES_STYLES[request.kind],
  })
}

async function requestOf(
  ctx: RequestContext,
  database: Database,
  body: Readonly<Record<string, unknown>> | undefined,
): Promise<FeedRequest> {
  const { config, log } = ctx.services
  const lastEventId = ctx.get('Last-Event-ID')
  const { feed, since, filter, rows, ...query } = parseChangesQuery(
    ctx.querystring,
    lastEventId === '' ? undefined : lastEventId,
    { changesTimeoutMs: config.integer('chttpd', 'changes_timeout') },
  )
  const chosen = await filterOf(ctx, database, filter, body)
  const kind = feedKind(feed)
  // A descending feed begins at the end, wherever it was told to.
  if (!query.descending) await whenReached(ctx, database, since)
  const start = query.descending ? 0 : resolveSince(database, since, log)
  return { ...query, kind, start, rows: { ...rows, filter: chosen } }
}
