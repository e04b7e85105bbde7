import { randomBytes } from 'node:crypto'
import type Router from '@koa/router'
import { fail } from '../../protocol/errors.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { Query } from '../http/query.ts'
import { sendJson } from '../http/reply.ts'
import { COUCHDB_VERSION, VERSION } from '../version.ts'

export function serverRoutes(router: Router<RequestState>): void {
  endpoint(router, '/', { GET: welcome, HEAD: welcome })
  endpoint(router, '/_up', { GET: up, HEAD: up })
  endpoint(router, '/_uuids', { GET: uuids })
}

/** PouchDB takes a server for a CouchDB by `couchdb`, and derives its replication ids from `uuid`. */
function welcome(ctx: RequestContext): void {
  sendJson(ctx, {
    couchdb: 'Welcome',
    version: COUCHDB_VERSION,
    uuid: ctx.services.uuid,
    features: ['partitioned', 'scheduler'],
    vendor: { name: 'Couchette', version: VERSION },
  })
}

function up(ctx: RequestContext): void {
  sendJson(ctx, { status: 'ok', seeds: {} })
}

function uuids(ctx: RequestContext): void {
  const count = Query.of(ctx).text('count') ?? '1'
  if (!/^\d+$/.test(count)) throw fail('badRequest', '`count` parameter is not a non-negative integer')
  const most = ctx.services.config.integer('uuids', 'max_count')
  if (Number(count) > most) throw fail('forbidden', '`count` parameter too large')
  sendJson(ctx, { uuids: Array.from({ length: Number(count) }, () => randomBytes(16).toString('hex')) })
}
