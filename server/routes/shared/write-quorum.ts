import { fail } from '../../../protocol/errors.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'

/** There is one copy of each document, so that a quorum of one is always met. */
const COPIES = 1

/** @throws `bad_request` where `w` is no integer; CouchDB fails with 500 */
export function checkQuorum(ctx: RequestContext): void {
  const w = QueryParams.of(ctx).text('w')
  if (w !== undefined && !/^[+-]?\d+$/.test(w)) throw fail('badRequest', '`w` must be an integer.')
}

/** Returns true if `w` asks for more copies than this node writes; the answer is then 202 Accepted. */
export function isQuorumOutOfReach(ctx: RequestContext, inBody?: number): boolean {
  return (inBody ?? Number(QueryParams.of(ctx).text('w') ?? COPIES)) > COPIES
}
