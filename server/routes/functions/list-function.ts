import { parseDocId } from '../../../protocol/document-id.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { requireObject } from '../../../protocol/json/parse-json.ts'
import type { Database } from '../../database/database.ts'
import { listDocuments } from '../../database/listing/list-documents.ts'
import { listingQuery } from '../../database/listing/listing-query.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { parseBounded } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { queryPieces } from '../queries/stream-query.ts'
import type { DesignDocument } from '../../query/design/design-document.ts'
import { RowBatches } from '../../query/views/answer/row-batches.ts'
import { View, type AnswerPieces } from '../../query/views/answer/view.ts'
import {
  parametersOfBody,
  parametersOfQuery,
  type Asked,
  type ViewParameters,
} from '../../../protocol/view-parameters.ts'
import { functionOf, requestOf } from './function-request.ts'
import { ListAnswer } from './list-answer.ts'

/** Characters of rows that a list function gets at a time. */
const BATCH = 256 * 1024

/** The rows are read while the function runs, and what it says is sent meanwhile, as fast as the client takes it. */
export async function runList(ctx: RequestContext): Promise<void> {
  const { database, ddoc, name } = await functionOf(ctx, 'lists')
  const isPosted = ctx.method === 'POST'
  if (isPosted) requireJson(ctx)
  const request = await requestOf(ctx, database, null, isPosted ? () => bodyOf(ctx) : undefined)
  const asked = (ctx.params.view ?? '') === '_all_docs' ? 'documents' : 'view'
  const parameters = {
    ...keysOf(request.body, asked),
    ...parametersOfQuery(QueryParams.of(ctx).entries(), asked),
  }
  const pieces = await queryPieces(ctx, () => listedRows(ctx, database, ddoc, parameters))
  const batches = await RowBatches.of(pieces)
  const answer = new ListAnswer(ctx)
  try {
    const rows = (await batches.next(BATCH)) || '[]'
    const args = `[${batches.head},${JSON.stringify(request)}]`
    const first = { rows, isWhole: batches.isAtEnd }
    const { sandbox } = ctx.services.queries
    await answer.endWith(
      sandbox.list(ddoc.sandbox, name, args, first, async said => {
        await answer.take(said)
        return said.wantsRows ? batches.next(BATCH) : ''
      }),
    )
  } finally {
    await batches.close()
  }
}

/** The rows of a view of this or another design document, or with `_all_docs` the documents. */
async function listedRows(
  ctx: RequestContext,
  database: Database,
  ddoc: DesignDocument,
  parameters: ViewParameters,
): Promise<AnswerPieces> {
  const queries = ctx.services.queries.of(database)
  const other =
    ctx.params.other === undefined
      ? ddoc
      : queries.designs.get(parseDocId(`_design/${ctx.params.other ?? ''}`))
  const name = ctx.params.view ?? ''
  if (name === '_all_docs') {
    return listDocuments(database, listingQuery(database, 'documents', parameters), ctx.state.user)
  }
  const view = new View(database, queries.indexOf(other), name, ctx.state.user)
  return view.answer([view.check(parameters)], { onlyOne: true })
}

/** A posted body, which functions see as the object that it is. @throws `bad_request` */
async function bodyOf(ctx: RequestContext): Promise<JsonObject> {
  const body = await parseBounded(ctx, ctx.state.body ?? Buffer.alloc(0), 'max_query_values')
  return requireObject(body) as JsonObject
}

function keysOf(body: JsonValue | undefined, asked: Asked): ViewParameters {
  const keys = isJsonObject(body) ? body.keys : undefined
  return keys === undefined ? {} : parametersOfBody({ keys }, asked)
}
