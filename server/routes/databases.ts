import type Router from '@koa/router'
import { parseDatabaseName } from '../../protocol/database-name.ts'
import { fail } from '../../protocol/errors.ts'
import { formatSeq } from '../../protocol/sequence.ts'
import type { Database } from '../database/database.ts'
import { readRequestBody, requireJson } from '../http/body.ts'
import type { RequestContext, RequestState } from '../http/context.ts'
import { endpoint } from '../http/endpoints.ts'
import { makeEtag } from '../http/etag.ts'
import { originOf } from '../http/origin.ts'
import { decodeSegment, encodeSegment } from '../http/percent.ts'
import { Query } from '../http/query.ts'
import { notModified, sendJson, streamJson } from '../http/reply.ts'
import { databaseOf } from './database-of.ts'
import { postDocument } from './documents/put-document.ts'

export function databaseRoutes(router: Router<RequestState>): void {
  endpoint(router, '/_all_dbs', { GET: allDatabases, HEAD: allDatabases })
  endpoint(router, '/:db/_ensure_full_commit', { POST: ensureFullCommit })
  const methods = {
    DELETE: dropDatabase,
    GET: databaseInfo,
    HEAD: databaseInfo,
    POST: postDocument,
    PUT: makeDatabase,
  }
  endpoint(router, '/:db', methods, 'DELETE,GET,HEAD,POST')
}

async function makeDatabase(ctx: RequestContext): Promise<void> {
  const name = parseDatabaseName(decodeSegment(ctx.params.db ?? '') ?? '')
  const partitioned = Query.of(ctx).text('partitioned')
  if (partitioned !== undefined && partitioned !== 'true' && partitioned !== 'false') {
    throw fail('badRequest', 'Invalid `partitioned` parameter')
  }
  await ctx.services.catalog.create(name, { partitioned: partitioned === 'true' })
  ctx.set('Location', `${originOf(ctx)}/${encodeSegment(name)}`)
  sendJson(ctx, { ok: true }, 201)
}

async function dropDatabase(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  await ctx.services.catalog.drop(database.name)
  sendJson(ctx, { ok: true })
}

async function databaseInfo(ctx: RequestContext): Promise<void> {
  sendJson(ctx, describe(await databaseOf(ctx)))
}

/** What `GET /db` tells, with 3.5's members in its order. */
function describe(database: Database): object {
  const { state, record } = database
  return {
    instance_start_time: String(record.created),
    db_name: database.name,
    purge_seq: formatSeq(state.purgeSeq, record.instance),
    update_seq: database.seq,
    sizes: { file: state.externalSize, external: state.externalSize, active: state.externalSize },
    props: record.partitioned ? { partitioned: true } : {},
    doc_del_count: state.deletedDocs,
    doc_count: state.docs,
    disk_format_version: 8,
    compact_running: database.compaction.running,
    cluster: { q: 1, n: 1, w: 1, r: 1 },
  }
}

/** Every acknowledged write is on disk already: what is accepted and waits has to be waited for. */
async function ensureFullCommit(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  await readRequestBody(ctx)
  await database.later.settled()
  sendJson(ctx, { ok: true, instance_start_time: String(database.record.created) }, 201)
}

function allDatabases(ctx: RequestContext): void {
  if (notModified(ctx, makeEtag(ctx.services.catalog.version + ctx.querystring))) return
  streamJson(ctx, databaseNames(ctx))
}

async function* databaseNames(ctx: RequestContext): AsyncGenerator<string> {
  let separator = '['
  for await (const name of ctx.services.catalog.names()) {
    yield separator + JSON.stringify(name)
    separator = ','
  }
  yield separator === '[' ? '[]\n' : ']\n'
}
