import type { RequestContext } from '../context.ts'
import { requireJson } from '../../http/request/body.ts'
import { sendJson } from '../../http/response/reply.ts'
import { sendPieces } from '../../http/response/send-pieces.ts'

/** `POST /_node/{node}/_backup`: makes a copy of all data as they are now; answers with its files. */
export async function begin(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const copy = await ctx.services.backups.begin()
  sendJson(ctx, { ...copy, uuid: ctx.services.uuid }, 201)
}

/** `GET /_node/{node}/_backup/{id}/{path}`: a file of the copy. */
export async function read(ctx: RequestContext): Promise<void> {
  const { size, content } = ctx.services.backups.read(ctx.params.id ?? '', ctx.rest.join('/'))
  ctx.status = 200
  ctx.set('Content-Type', 'application/octet-stream')
  ctx.set('Content-Length', String(size))
  await sendPieces(ctx, content)
}

/** `DELETE /_node/{node}/_backup/{id}`: removes the copy. */
export async function end(ctx: RequestContext): Promise<void> {
  await ctx.services.backups.end(ctx.params.id ?? '')
  sendJson(ctx, { ok: true })
}
