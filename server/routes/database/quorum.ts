import { fail } from '../../../protocol/errors.ts'
import { requireJson } from '../../http/request/body.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { sendJson } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'
import { databaseOf } from '../shared/path-names.ts'

/** `GET /{db}/_quorum`: members of the mesh that writes wait for, and that reads ask. */
export async function getQuorum(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  const others = await ctx.services.mesh.holdersOf(database.name)
  sendJson(ctx, { ...(database.state.quorum ?? { w: 1, r: 1 }), members: 1 + others.length })
}

/** `PUT /{db}/_quorum`: sets what holds for requests that do not say. */
export async function putQuorum(ctx: RequestContext): Promise<void> {
  const database = await databaseOf(ctx)
  requireJson(ctx)
  const { w = 1, r = 1 } = await readJsonObject(ctx, 'settings')
  if (!isCount(w) || !isCount(r)) throw fail('badRequest', '`w` and `r` are numbers of members, from 1 up.')
  await database.write({ kind: 'set_quorum', quorum: w === 1 && r === 1 ? null : { w, r } })
  sendJson(ctx, { ok: true })
}

const MOST = 100

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST
}
