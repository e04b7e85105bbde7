import { fail } from '../../../protocol/errors.ts'
import { NO_LIMIT, type FeedKind, type FeedRequest, type RowOptions } from '../../changes/feed-request.ts'

/** A request for changes as its query has it: still without the database's word on `since` and `filter`. */
export interface ChangesQuery extends Omit<FeedRequest, 'start' | 'rows' | 'kind'> {
  readonly feed: string
  readonly since: string
  readonly filter: string
  readonly rows: Omit<RowOptions, 'filter'>
}

type Draft = { -readonly [Name in keyof ChangesQuery]: ChangesQuery[Name] } & {
  rows: { -readonly [Name in keyof ChangesQuery['rows']]: ChangesQuery['rows'][Name] }
}

/** Longest wait, `[chttpd] changes_timeout`. */
export interface FeedLimits {
  readonly changesTimeoutMs: number
}

/**
 * Reads the query of a feed: names in any case, of a parameter that is given twice the last one, what is not known is
 * passed over (CouchDB: chttpd_db:parse_changes_query/1).
 *
 * @param lastEventId the header, which an event stream that is resumed brings
 * @throws `bad_request`; CouchDB crashes with 500 on an invalid `limit`, `timeout` or `style`
 */
export function parseChangesQuery(
  text: string,
  lastEventId: string | undefined,
  { changesTimeoutMs }: FeedLimits,
): ChangesQuery {
  const draft: Draft = {
    feed: 'normal',
    since: '0',
    filter: '',
    descending: false,
    limit: NO_LIMIT,
    heartbeatMs: undefined,
    timeoutMs: changesTimeoutMs,
    rows: {
      allLeaves: false,
      includeDocs: false,
      conflicts: false,
      attachments: false,
      attEncodingInfo: false,
      seqInterval: undefined,
    },
  }
  for (const [name, value] of new URLSearchParams(text)) {
    const read = PARAMETERS[name.toLowerCase()]
    read?.(draft, value, changesTimeoutMs)
  }
  if (draft.feed === 'eventsource' && lastEventId !== undefined) draft.since = lastEventId
  return draft
}

const PARAMETERS: Readonly<Record<string, (draft: Draft, value: string, longestMs: number) => void>> = {
  feed: (draft, value) => void (draft.feed = value === 'live' ? 'continuous' : value),
  descending: (draft, value) => void (draft.descending ||= value === 'true'),
  since: (draft, value) => void (draft.since = value),
  'last-event-id': (draft, value) => void (draft.since = value),
  limit: (draft, value) => void (draft.limit = integer(value)),
  style: (draft, value) => void (draft.rows.allLeaves = isAllDocs(value)),
  heartbeat: (draft, value, longestMs) => void (draft.heartbeatMs = heartbeat(value, longestMs)),
  timeout: (draft, value, longestMs) =>
    void (draft.timeoutMs = Math.min(nonNegativeInteger(value), longestMs)),
  include_docs: (draft, value) => void (draft.rows.includeDocs ||= value === 'true'),
  conflicts: (draft, value) => void (draft.rows.conflicts ||= value === 'true'),
  attachments: (draft, value) => void (draft.rows.attachments ||= value === 'true'),
  att_encoding_info: (draft, value) => void (draft.rows.attEncodingInfo ||= value === 'true'),
  filter: (draft, value) => void (draft.filter = value),
  seq_interval: (draft, value) => void (draft.rows.seqInterval = seqInterval(value)),
}

/** @throws `unknownFeed` */
export function feedKind(feed: string): FeedKind {
  if (isFeedKind(feed)) return feed
  throw fail('unknownFeed')
}

export function isFeedKind(feed: string): feed is FeedKind {
  return feed === 'normal' || feed === 'longpoll' || feed === 'continuous' || feed === 'eventsource'
}

const INTEGER = /^[+-]?\d+$/

/** @throws `invalidInteger` */
export function nonNegativeInteger(value: string): number {
  const number = integer(value)
  if (number < 0) throw fail('invalidInteger')
  return number
}

function integer(value: string): number {
  if (!INTEGER.test(value)) throw fail('invalidInteger')
  return Number(value)
}

function heartbeat(value: string, longestMs: number): number {
  if (value === 'true') return longestMs
  if (!INTEGER.test(value)) throw fail('heartbeatNotInteger')
  if (Number(value) <= 0) throw fail('heartbeatNotPositive')
  return Math.min(Number(value), longestMs)
}

function seqInterval(value: string): number {
  if (!INTEGER.test(value) || Number(value) <= 0) throw fail('invalidSeqInterval')
  return Number(value)
}

function isAllDocs(style: string): boolean {
  if (style !== 'all_docs' && style !== 'main_only') throw fail('unknownStyle')
  return style === 'all_docs'
}
