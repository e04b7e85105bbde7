import { isDatabaseName } from '../../protocol/database-name.ts'
import type { RequestContext } from '../routes/context.ts'
import { encodeSegment } from '../http/request/percent.ts'
import { segmentsInDatabase, splitPath } from '../routing/path.ts'
import { PROBE_PATH } from './request-kind.ts'

/**
 * Counts a request, and notes it when the log is at "info" (probes at "debug"): its id, who asked for which path, the status and how long it
 * took. Queries and names of attachments are left out: they may hold what is nobody's business.
 */
export function countAndLogRequest(ctx: RequestContext, startedMs: number): void {
  const { metrics, log } = ctx.services
  const ms = performance.now() - startedMs
  metrics.count('couchdb/httpd/requests')
  metrics.count(`couchdb/httpd_request_methods/${ctx.method}`)
  metrics.count(`couchdb/httpd_status_codes/${ctx.res.statusCode}`)
  metrics.requestTime.add(ms)
  const level = PROBE_PATH.test(ctx.path) ? 'debug' : 'info'
  if (!log.isLevelEnabled(level)) return
  const { requestId, user } = ctx.state
  log[level]({
    id: requestId,
    user: user.name,
    method: ctx.method,
    path: pathForLog(ctx.path),
    status: ctx.res.statusCode,
    ms: Math.round(ms * 100) / 100,
  })
}

/** Returns a path without the name of the attachment that it leads to. */
export function pathForLog(path: string): string {
  const segments = splitPath(path)
  const database = segments[0] ?? ''
  const below = segmentsInDatabase(segments)
  const [first = ''] = below
  if (database.startsWith('_') && !isDatabaseName(database)) return path
  const isDivided = first === '_design' || first === '_local'
  if (first.startsWith('_') && !isDivided) return path
  const document = below.slice(0, isDivided ? 2 : 1)
  const attachment = below.slice(document.length)
  // What begins so is a function of a design document.
  if (attachment.length === 0 || (isDivided && attachment[0]?.startsWith('_') === true)) return path
  return `/${[database, ...document].map(encodeSegment).join('/')}/…`
}
