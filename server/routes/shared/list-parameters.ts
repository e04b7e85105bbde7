import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import {
  parametersOfBody,
  parametersOfQuery,
  type ViewParameters,
} from '../../../protocol/view-parameters.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import type { RequestContext } from '../context.ts'

/** Parses the query of a list of documents. @throws `bad_request`, `query_parse_error` */
export function listParametersOfQuery(ctx: RequestContext): ViewParameters {
  const params = QueryParams.of(ctx)
  const keys = params.json('keys')
  if (keys !== undefined && !Array.isArray(keys))
    throw fail('badRequest', '`keys` parameter must be an array.')
  return parametersOfQuery(params.entries())
}

/** Parses the body of a list of documents. @throws `bad_request`, `query_parse_error` */
export function listParametersOfBody(body: JsonObject): ViewParameters {
  if (Object.hasOwn(body, 'keys') && !Array.isArray(body['keys']))
    throw fail('badRequest', '`keys` body member must be an array.')
  return parametersOfBody(body)
}
