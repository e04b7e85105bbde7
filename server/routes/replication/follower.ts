import { parseDatabaseName } from '../../../protocol/database-name.ts'
import { requireJson } from '../../http/request/body.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { sendJson } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'
import { databaseOf } from '../shared/path-names.ts'
import { rethrowAsBadRequest } from './replication-body.ts'

/** `PUT /db/_follower`: has a database, which is created where it is not there, follow another one. */
export async function putFollower(ctx: RequestContext): Promise<void> {
  const name = parseDatabaseName(ctx.params.db ?? '')
  requireJson(ctx)
  const asked = await readJsonObject(ctx, 'settings')
  await ctx.services.followers.follow(name, asked, ctx.state.user).catch(rethrowAsBadRequest)
  sendJson(ctx, { ok: true }, 201)
}

/** `GET /db/_follower`: the source, and how far its job has come. */
export async function getFollower(ctx: RequestContext): Promise<void> {
  sendJson(ctx, await ctx.services.followers.status(await databaseOf(ctx)))
}

/** `DELETE /db/_follower`: makes the database writable. */
export async function deleteFollower(ctx: RequestContext): Promise<void> {
  await ctx.services.followers.promote(await databaseOf(ctx))
  sendJson(ctx, { ok: true })
}
