import { fail } from '../../../protocol/errors.ts'
import { GLOBAL_CHANGES } from '../../changes/event-log.ts'
import { NO_LIMIT, type FeedKind, type FeedRequest } from '../../changes/feed-request.ts'
import { DB_UPDATES_STYLES } from '../../changes/live/feed-style.ts'
import { DbUpdatesRows } from '../../changes/rows/db-updates-rows.ts'
import { whenReached } from '../shared/when-reached.ts'
import { resolveSince } from '../../changes/since.ts'
import type { RequestContext } from '../context.ts'
import { isFeedKind, nonNegativeInteger } from './changes-query.ts'
import { answerFeed } from './feed-answer.ts'

const ROWS = new DbUpdatesRows()

export async function getDbUpdates(ctx: RequestContext): Promise<void> {
  const { catalog, config, log } = ctx.services
  const database = await catalog.open(GLOBAL_CHANGES)
  const { since, feed, ...query } = parseQuery(ctx.querystring, config.integer('chttpd', 'changes_timeout'))
  const kind = feedKind(feed)
  if (!query.descending) await whenReached(ctx, database, since)
  const request = { ...query, kind, start: query.descending ? 0 : resolveSince(database, since, log) }
  await answerFeed(ctx, { database, request, renderer: ROWS, style: DB_UPDATES_STYLES[kind] })
}

interface DbUpdatesQuery extends Omit<FeedRequest, 'kind' | 'start'> {
  readonly feed: string
  readonly since: string
}

/**
 * Fewer parameters than `_changes` has, with other errors (CouchDB: global_changes_httpd:parse_global_changes_query/1).
 *
 * @throws `invalidInteger`
 */
function parseQuery(text: string, longestMs: number): DbUpdatesQuery {
  const params = new URLSearchParams(text)
  const integer = (name: string): number | undefined => {
    const value = params.get(name)
    return value === null ? undefined : nonNegativeInteger(value)
  }
  const beat = params.get('heartbeat')
  const heartbeatMs =
    beat === null || beat === 'false' ? undefined : beat === 'true' ? longestMs : nonNegativeInteger(beat)
  return {
    feed: params.get('feed') ?? 'normal',
    since: params.get('since') ?? '0',
    descending: params.get('descending') === 'true',
    limit: integer('limit') ?? NO_LIMIT,
    // None can be sent every 0 milliseconds.
    heartbeatMs: heartbeatMs === 0 ? undefined : heartbeatMs && Math.min(heartbeatMs, longestMs),
    timeoutMs: Math.min(integer('timeout') ?? longestMs, longestMs),
    rows: EVERYTHING,
  }
}

const EVERYTHING: FeedRequest['rows'] = {
  allLeaves: false,
  includeDocs: false,
  conflicts: false,
  attachments: false,
  attEncodingInfo: false,
  seqInterval: undefined,
  filter: undefined,
}

function feedKind(feed: string): FeedKind {
  if (isFeedKind(feed)) return feed
  throw fail('unknownDbUpdatesFeed')
}
