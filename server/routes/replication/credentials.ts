import { parseCredential, parseCredentialName } from '../../../protocol/credential.ts'
import { requireJson } from '../../http/request/body.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { sendJson } from '../../http/response/reply.ts'
import type { RequestContext } from '../context.ts'

/** `GET /_credentials`: names, and what they are for. */
export async function listCredentials(ctx: RequestContext): Promise<void> {
  sendJson(ctx, { credentials: await ctx.services.credentials.list() })
}

export async function getCredential(ctx: RequestContext): Promise<void> {
  sendJson(ctx, await ctx.services.credentials.show(nameOf(ctx)))
}

/** `PUT /_credentials/{name}`: stores a secret, which no request reads again. */
export async function putCredential(ctx: RequestContext): Promise<void> {
  const name = nameOf(ctx)
  requireJson(ctx)
  const isNew = await ctx.services.credentials.put(
    name,
    parseCredential(await readJsonObject(ctx, 'settings')),
  )
  sendJson(ctx, { ok: true, name }, isNew ? 201 : 200)
}

export async function deleteCredential(ctx: RequestContext): Promise<void> {
  await ctx.services.credentials.remove(nameOf(ctx))
  sendJson(ctx, { ok: true })
}

function nameOf(ctx: RequestContext): string {
  return parseCredentialName(ctx.params.name ?? '')
}
