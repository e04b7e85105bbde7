import { DESIGN } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { inTurns } from '../../concurrency/time-slice.ts'
import type { Database } from '../../database/database.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { streamQuery } from './stream-query.ts'
import type { DesignDocument } from '../../query/design/design-document.ts'
import type { ViewIndex } from '../../query/views/index/view-index.ts'
import { View } from '../../query/views/answer/view.ts'
import type { ViewQuery } from '../../query/views/request/view-query.ts'
import {
  parametersOfBody,
  parametersOfQuery,
  type ViewParameters,
} from '../../../protocol/view-parameters.ts'
import { databaseOf, docIdOf } from '../shared/path-names.ts'
import { partitionInPath } from '../shared/partition-in-path.ts'
import { boundedQueries, withinQueryLimit } from './query-limit.ts'

export async function getView(ctx: RequestContext): Promise<void> {
  const { view, parameters } = await viewOf(ctx)
  const query = view.check(withinQueryLimit(ctx, parameters))
  await streamQuery(ctx, () => view.answer([query], { onlyOne: true }))
}

export async function postView(ctx: RequestContext): Promise<void> {
  const { view, parameters } = await viewOf(ctx)
  requireJson(ctx)
  const body = await readJsonObject(ctx, 'query')
  if (Object.hasOwn(body, 'queries')) throw fail('queriesMoved')
  const query = view.check(withinQueryLimit(ctx, { ...parametersOfBody(body, 'view'), ...parameters }))
  await streamQuery(ctx, () => view.answer([query], { onlyOne: true }))
}

/** CouchDB: chttpd_view:handle_temp_view_req/2, whatever the method. */
export async function noTemporaryViews(ctx: RequestContext): Promise<void> {
  await databaseOf(ctx)
  throw fail('noTemporaryViews')
}

export async function postQueries(ctx: RequestContext): Promise<void> {
  const { view, parameters } = await viewOf(ctx)
  requireJson(ctx)
  const body = await readJsonObject(ctx, 'query')
  const queries: ViewQuery[] = []
  // The sort keys of long strings take long to make.
  await inTurns(boundedQueries(ctx, body), query => {
    queries.push(view.check(withinQueryLimit(ctx, { ...parameters, ...parametersOfBody(query, 'view') })))
    return Promise.resolve()
  })
  await streamQuery(ctx, () => view.answer(queries, { onlyOne: false }))
}

export async function designInfo(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const ddoc = designOf(ctx, database)
  sendJson(ctx, {
    name: ddoc.id.slice(DESIGN.length),
    view_index: await describe(database, ctx.services.queries.of(database).describedIndexOf(ddoc)),
  })
}

export async function cleanUp(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  await ctx.services.queries.of(database).cleanUp()
  sendJson(ctx, { ok: true }, 202)
}

/** Begins to compact the index; one that is compacted already goes on. */
export async function compactViews(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const database = await databaseOf(ctx)
  const index = indexOf(ctx, database, designOf(ctx, database))
  const { compactionQueue, log } = ctx.services
  compactionQueue.admit()
  compactionQueue
    .run(() => index.compact())
    .catch((error: unknown) => log.error({ err: error, database: database.name }, 'compaction failed'))
  sendJson(ctx, { ok: true }, 202)
}

async function viewOf(ctx: RequestContext): Promise<{ view: View; parameters: ViewParameters }> {
  const database = await databaseOf(ctx)
  const partition = partitionInPath(ctx, database)
  const index = indexOf(ctx, database, designOf(ctx, database))
  const view = new View(database, index, ctx.params.view ?? '', ctx.state.user)
  const parameters = parametersOfQuery(QueryParams.of(ctx).entries(), 'view')
  return { view, parameters: partition === undefined ? parameters : { ...parameters, partition } }
}

/** @throws `missing`, `deleted` */
function designOf(ctx: RequestContext, database: Database): DesignDocument {
  return ctx.services.queries.of(database).designs.get(docIdOf(ctx, '_design/'))
}

function indexOf(ctx: RequestContext, database: Database, ddoc: DesignDocument): ViewIndex {
  return ctx.services.queries.of(database).indexOf(ddoc)
}

/** Returns `view_index` of a design document's `_info`, with CouchDB 3.5's members in its order. */
async function describe(database: Database, index: ViewIndex): Promise<object> {
  const { state, progress } = index
  const pending = database.state.seq - state.seq
  return {
    updates_pending: { minimum: pending, preferred: pending, total: pending },
    waiting_commit: false,
    waiting_clients: 0,
    updater_running: progress !== undefined,
    update_seq: state.seq,
    sizes: await index.sizes(),
    signature: state.signature,
    purge_seq: state.purgeSeq,
    language: index.definition.language,
    compact_running: index.compaction.progress !== undefined,
    collator_versions: ['153.120'],
  }
}
