import { CouchError } from '../../protocol/errors.ts'
import type { RequestContext } from '../routes/context.ts'

/**
 * Answers a request again where a node of a cluster found something to be missing, and had not everything that the leader has.
 *
 * @throws the failure that stays; `noLeader` where nobody can tell
 */
export async function whenCaughtUp(
  ctx: RequestContext,
  failure: unknown,
  again: () => Promise<void>,
): Promise<void> {
  const { cluster } = ctx.services
  const isMissing = failure instanceof CouchError && failure.status === 404
  if (cluster === undefined || !isMissing || ctx.res.headersSent || ctx.req.readableDidRead) throw failure
  const before = cluster.group?.position
  await cluster.catchUp()
  if (cluster.group?.position === before) throw failure
  delete ctx.state.database
  await again()
}
