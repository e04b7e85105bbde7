import { asDocId, type DocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import { compileFeedSelector } from '../../../protocol/selector/selector.ts'
import { designFilter, docIdsFilter } from '../../changes/filter/builtin-filters.ts'
import type { ChangeFilter } from '../../changes/filter/change-filter.ts'
import { designWith } from '../../changes/filter/design-code.ts'
import { customFilter, viewFilter } from '../../changes/filter/function-filters.ts'
import { selectorFilter } from '../../changes/filter/selector-filter.ts'
import type { Database } from '../../database/database.ts'
import type { RequestContext } from '../context.ts'
import { peerOf } from '../../http/connection/peer.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { headersForDesignFunctions } from '../functions/headers-for-design-functions.ts'
import { requestObject } from '../../query/design/request-object.ts'

type Body = Readonly<Record<string, unknown>> | undefined

/**
 * The filter that a request names; undefined for none (CouchDB: couch_changes:configure_filter/4).
 *
 * @param body of a POST, undefined where it has none
 * @throws `bad_request`, `not_found`
 */
export async function filterOf(
  ctx: RequestContext,
  database: Database,
  name: string,
  body: Body,
): Promise<ChangeFilter | undefined> {
  switch (name) {
    case '':
      return undefined
    case '_doc_ids':
      return docIdsFilter(docIdsOf(ctx, body))
    case '_selector':
      return selectorOf(ctx, database, body)
    case '_design':
      return designFilter()
    case '_view':
      return viewOf(ctx, database)
    default:
      if (name.startsWith('_')) throw fail('unknownFilter')
      return functionOf(ctx, database, name, body)
  }
}

function docIdsOf(ctx: RequestContext, body: Body): readonly DocId[] {
  const ids = ctx.method === 'POST' ? body?.doc_ids : QueryParams.of(ctx).json('doc_ids')
  if (ctx.method === 'POST' && body === undefined) throw fail('invalidJson')
  if (!Array.isArray(ids) || !ids.every(id => typeof id === 'string')) throw fail('docIdsNotList')
  return ids.map(asDocId)
}

function selectorOf(ctx: RequestContext, database: Database, body: Body): ChangeFilter {
  if (ctx.method !== 'POST') throw fail('selectorNotPosted')
  if (body === undefined) throw fail('invalidJson')
  const selector = compileFeedSelector(body.selector)
  const { config, queries } = ctx.services
  const limits = {
    steps: config.integer('couchette', 'regex_step_limit'),
    onSkip: queries.of(database).onSkip,
  }
  return selectorFilter(database, selector, body.fields, limits)
}

function viewOf(ctx: RequestContext, database: Database): ChangeFilter {
  const view = QueryParams.of(ctx).text('view') ?? ''
  if (view === '') throw fail('viewFilterMissing')
  const [design, name, ...rest] = partsOf(view)
  if (design === undefined || name === undefined || rest.length > 0) throw fail('malformedViewFilter')
  const ddoc = designWith(database, design, ['views', name])
  const { sandbox } = ctx.services.queries
  return viewFilter(database, { sandbox, ddoc, onSkip: ctx.services.queries.of(database).onSkip }, name)
}

async function functionOf(
  ctx: RequestContext,
  database: Database,
  filter: string,
  body: Body,
): Promise<ChangeFilter | undefined> {
  const [design, name, ...rest] = partsOf(filter)
  if (design === undefined) return undefined
  if (name === undefined || rest.length > 0) throw fail('malformedFilter')
  const ddoc = designWith(database, design, ['filters', name])
  const request = await requestObject({
    database,
    id: null,
    method: ctx.method,
    url: ctx.url,
    query: Object.fromEntries(QueryParams.of(ctx).entries()),
    headers: headersForDesignFunctions(ctx.headers, ctx.services.config),
    body: body === undefined ? undefined : JSON.stringify(body),
    peer: peerOf(ctx.req, ctx.services.config),
    user: ctx.state.user,
  })
  const { sandbox } = ctx.services.queries
  const { onSkip } = ctx.services.queries.of(database)
  return customFilter(database, { sandbox, ddoc, onSkip }, name, request)
}

/** Each part may be escaped once more than the query is. */
function partsOf(name: string): string[] {
  return name
    .split('/')
    .filter(part => part !== '')
    .map(part => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })
}
