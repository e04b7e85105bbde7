import { fail } from '../../../protocol/errors.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import type { RequestContext } from '../context.ts'
import { queriesOfBody, type ViewParameters } from '../../../protocol/view-parameters.ts'

/**
 * The parameters with a limit that is no larger than configured: `[query_server_config] query_limit`, or
 * `partition_query_limit` within a partition (CouchDB: couch_mrview_util:apply_limit/2).
 *
 * @throws `query_parse_error` where more rows are asked for; `too_large` for a key beyond `[couchette] max_query_key_size`
 */
export function withinQueryLimit(ctx: RequestContext, parameters: ViewParameters): ViewParameters {
  const isPartition = parameters.partition !== undefined
  const most = ctx.services.config.integer(
    'query_server_config',
    isPartition ? 'partition_query_limit' : 'query_limit',
  )
  const { limit = most } = parameters
  if (limit > most) throw fail('queryParse', `Limit is too large, must not exceed ${most}`)
  checkKeySizes(parameters, ctx.services.config.integer('couchette', 'max_query_key_size'))
  return limit === parameters.limit ? parameters : { ...parameters, limit }
}

/** The sort key of a long string takes long to make. */
function checkKeySizes({ startKey, endKey, keys = [] }: ViewParameters, most: number): void {
  if (isLonger(startKey, most) || isLonger(endKey, most) || keys.some(key => isLonger(key, most)))
    throw fail('tooLarge', `a key of a query has at most ${most} characters`)
}

function isLonger(key: JsonValue | undefined, most: number): boolean {
  if (typeof key !== 'object' || key === null) return typeof key === 'string' && key.length > most
  return lengthOf(key) > most
}

/** Characters of all strings, names and numbers of a value, about. */
function lengthOf(value: JsonValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  let length = 1
  for (const [name, member] of Object.entries(value)) length += name.length + lengthOf(member)
  return length
}

/** The queries of a `queries` body. @throws `bad_request`; `too_large` beyond `[couchette] max_queries_per_request` */
export function boundedQueries(ctx: RequestContext, body: JsonObject): JsonObject[] {
  const queries = queriesOfBody(body)
  const most = ctx.services.config.integer('couchette', 'max_queries_per_request')
  if (queries.length > most) throw fail('tooLarge', `more than ${most} queries`)
  return queries
}
