import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import type { RequestContext } from '../context.ts'
import { queriesOfBody, type ViewParameters } from '../../../protocol/view-parameters.ts'

/**
 * The parameters with a limit that is no larger than configured: `[query_server_config] query_limit`, or
 * `partition_query_limit` within a partition (CouchDB: couch_mrview_util:apply_limit/2).
 *
 * @throws `query_parse_error` where more rows are asked for
 */
export function withinQueryLimit(ctx: RequestContext, parameters: ViewParameters): ViewParameters {
  const isPartition = parameters.partition !== undefined
  const most = ctx.services.config.integer(
    'query_server_config',
    isPartition ? 'partition_query_limit' : 'query_limit',
  )
  const { limit = most } = parameters
  if (limit > most) throw fail('queryParse', `Limit is too large, must not exceed ${most}`)
  return limit === parameters.limit ? parameters : { ...parameters, limit }
}

/** The queries of a `queries` body. @throws `bad_request`; `too_large` beyond `[couchette] max_queries_per_request` */
export function boundedQueries(ctx: RequestContext, body: JsonObject): JsonObject[] {
  const queries = queriesOfBody(body)
  const most = ctx.services.config.integer('couchette', 'max_queries_per_request')
  if (queries.length > most) throw fail('tooLarge', `more than ${most} queries`)
  return queries
}
