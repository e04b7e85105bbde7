import { fail } from '../../../protocol/errors.ts'
import { listSettings } from '../../config/setting-list.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'

/** `GET /_node/{node}/_settings`: every setting with what it does, its default, its value and where that comes from. */
export function getSettings(ctx: RequestContext): void {
  sendJson(ctx, { settings: listSettings(ctx.services.config) })
}

const MOST_LINES = 1000

/** `GET /_node/{node}/_log?since=&limit=`: the newest lines of the log behind a number, the oldest first. */
export function getLog(ctx: RequestContext): void {
  const query = QueryParams.of(ctx)
  const { lines, last } = ctx.services.logTail.read(
    count(query.text('since'), 0),
    Math.min(MOST_LINES, count(query.text('limit'), MOST_LINES)),
  )
  sendJson(ctx, Buffer.from(`{"last":${last},"lines":[\n${lines.join(',\n')}\n]}`))
}

/** `GET /_node/{node}/_health`: the conditions that alerts watch, with the same values as metrics. */
export async function getHealth(ctx: RequestContext): Promise<void> {
  sendJson(ctx, await ctx.services.observability.conditions())
}

/** @throws `query_parse_error` */
function count(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  if (!/^\d{1,15}$/.test(text)) throw fail('queryParse', `Invalid value for integer: "${text}"`)
  return Number(text)
}
