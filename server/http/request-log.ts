import type { RequestContext } from './context.ts'

/**
 * Counts a request, and notes it when the log is at "info": its id, who asked for which path, the status and how long it
 * took. Queries are left out: they may hold what is nobody's business.
 */
export function noteRequest(ctx: RequestContext, startedMs: number): void {
  const { metrics, log } = ctx.services
  const ms = performance.now() - startedMs
  metrics.count('couchdb/httpd/requests')
  metrics.count(`couchdb/httpd_request_methods/${ctx.method}`)
  metrics.count(`couchdb/httpd_status_codes/${ctx.res.statusCode}`)
  metrics.requestTime.add(ms)
  if (!log.isLevelEnabled('info')) return
  const { requestId, user } = ctx.state
  log.info({
    id: requestId,
    user: user.name,
    method: ctx.method,
    path: ctx.path,
    status: ctx.res.statusCode,
    ms: Math.round(ms * 100) / 100,
  })
}
