import { isDatabaseName } from '../../../protocol/database-name.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { parseDocId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { Database } from '../../database/database.ts'
import type { FollowerState } from '../../database/state.ts'
import { isServerAdmin } from '../../../protocol/user-context.ts'
import type { RequestContext } from '../context.ts'

/**
 * The database that the path names. Whether the user may see it was judged before the route was asked.
 *
 * @throws `noDatabase`
 */
export async function databaseOf(ctx: RequestContext): Promise<Database> {
  const database = ctx.state.database ?? (await openByPath(ctx))
  const { follower } = database.state
  if (follower !== undefined) await tellLag(ctx, follower)
  return database
}

async function openByPath(ctx: RequestContext): Promise<Database> {
  const { user } = ctx.state
  const name = ctx.params.db ?? ''
  if (!isDatabaseName(name) || !isServerAdmin(user)) throw fail('noDatabase')
  return (ctx.state.database = await ctx.services.catalog.open(name))
}

/**
 * The document id that the path names, decoded.
 *
 * @param prefix "_design/" or "_local/" where the path has it as a segment of its own
 * @throws `illegal_docid`
 */
export function docIdOf(ctx: RequestContext, prefix = ''): DocId {
  const { name = '', docid: id = name } = ctx.params
  if (id === null) throw fail('illegalDocId', 'Document id must be valid UTF-8')
  return parseDocId(prefix + id)
}

/** Sets the header by which clients of a follower see how old its answers may be. */
async function tellLag(ctx: RequestContext, follower: FollowerState): Promise<void> {
  if (ctx.res.hasHeader(LAG)) return
  const { seconds } = await ctx.services.followers.lagOf(follower)
  ctx.set(LAG, seconds === null ? 'unknown' : seconds.toFixed(3))
}

/** Seconds since the source of a follower last proved that nothing is pending; "unknown" before it does. */
const LAG = 'Couchette-Lag'
