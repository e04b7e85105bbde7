import { fail } from '../../../protocol/errors.ts'
import { reasonToLeaveOut } from '../../cluster/service/cluster-report.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { makeEtag } from '../../http/response/etag.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { COUCHDB_VERSION, VERSION } from '../../node/version.ts'

/** PouchDB takes a server for a CouchDB by `couchdb`, and derives its replication ids from `uuid`. */
export function welcome(ctx: RequestContext): void {
  sendJson(ctx, {
    couchdb: 'Welcome',
    version: COUCHDB_VERSION,
    uuid: ctx.services.uuid,
    features: ['partitioned', 'scheduler'],
    vendor: { name: 'Couchette', version: VERSION },
  })
}

/** Functions always are those of the design documents as they stand: nothing is to be started again. */
export function reloadQueryServers(ctx: RequestContext): void {
  requireJson(ctx)
  sendJson(ctx, { ok: true })
}

/** Load balancers take a server in maintenance out: of the requests, or, with "nolb", of theirs alone. */
export async function up(ctx: RequestContext): Promise<void> {
  const mode = ctx.services.config.text('couchdb', 'maintenance_mode')
  const status = { true: 'maintenance_mode', nolb: 'nolb' }[mode]
  if (status !== undefined) {
    sendJson(ctx, { status }, 404)
    return
  }
  const { health } = ctx.services.catalog
  if (health !== undefined && health.state !== 'healthy') {
    // As of a server in maintenance: the body says why.
    sendJson(ctx, { status: `store_${health.state}`, reason: health.reason }, 503)
    return
  }
  if (await lagsTooMuch(ctx)) return
  const reason = ctx.services.cluster && reasonToLeaveOut(ctx.services.cluster)
  if (reason !== undefined) sendJson(ctx, { status: 'cluster', reason }, 503)
  else sendJson(ctx, { status: 'ok', seeds: {} })
}

/** `_up?max_lag=SECONDS`: takes the server out while one of its followers is further behind, or may be. */
async function lagsTooMuch(ctx: RequestContext): Promise<boolean> {
  const asked = QueryParams.of(ctx).text('max_lag')
  if (asked === undefined) return false
  if (!/^\d+(\.\d+)?$/.test(asked)) throw fail('badRequest', '`max_lag` must be a number of seconds')
  const lag = await ctx.services.followers.largestLag()
  if (lag === undefined || (lag.seconds !== null && lag.seconds <= Number(asked))) return false
  sendJson(ctx, { status: 'lagging', lag_seconds: lag.seconds }, 503)
  return true
}

export function uuids(ctx: RequestContext): void {
  const count = QueryParams.of(ctx).text('count') ?? '1'
  if (!/^\+?\d+$/.test(count)) throw fail('badRequest', 'count must be a positive integer')
  const most = ctx.services.config.integer('uuids', 'max_count')
  if (Number(count) > most) throw fail('badRequest', 'count parameter too large')
  const made = { uuids: Array.from({ length: Number(count) }, () => ctx.services.uuids.next()) }
  ctx.set('ETag', `"${makeEtag(JSON.stringify(made))}"`)
  ctx.set('Pragma', 'no-cache')
  sendJson(ctx, made, 200, 'no-cache')
}
