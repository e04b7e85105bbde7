import { fail } from '../../../protocol/errors.ts'
import { parseRev, type Rev } from '../../../protocol/revision.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { withoutTrailing } from '../../../protocol/trailing.ts'

/**
 * The revision that a request is about: from the body, `?rev` or `If-Match`, which must agree.
 *
 * @throws `bad_request` where they do not, or are no revisions
 */
export function revisionNamed(ctx: RequestContext, inBody?: Rev): Rev | undefined {
  const inQuery = QueryParams.of(ctx).text('rev')
  const query = inQuery === undefined ? undefined : parseRev(inQuery)
  if (query !== undefined && inBody !== undefined && query !== inBody) {
    throw fail('badRequest', 'Document rev from request body and query string have different values')
  }
  const given = inBody ?? query
  if (ctx.headers['if-match'] === undefined) return given
  const header = parseRev(withoutTrailing(ctx.headers['if-match'].replace(/^"+/, ''), '"'))
  if (given !== undefined && header !== given) {
    throw fail('badRequest', 'Document rev and etag have different values')
  }
  return header
}
