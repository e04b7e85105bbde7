import { parseCredentialName } from '../../../protocol/credential.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { requireJson } from '../../http/request/body.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { PeerError } from '../../../replicator/peer-error.ts'
import type { NewMember } from '../../mesh/joining.ts'
import { memberOfUser } from '../../mesh/member-rights.ts'
import type { RequestContext } from '../context.ts'
import { withoutTrailing } from '../../../protocol/trailing.ts'

/** `GET /_mesh`: members, and how this node stands to them. */
export async function getMesh(ctx: RequestContext): Promise<void> {
  sendJson(ctx, await ctx.services.mesh.status())
}

/** `PUT /_mesh`: makes a mesh, with this node as its first member. */
export async function putMesh(ctx: RequestContext): Promise<void> {
  const body = await readBody(ctx)
  const { databases = ['*'], users = false, design_documents: designDocuments = true } = body
  const isList = Array.isArray(databases) && databases.every(name => typeof name === 'string')
  if (!isList || databases.length === 0) throw fail('badRequest', '`databases` must be a list of patterns.')
  if (typeof users !== 'boolean' || typeof designDocuments !== 'boolean')
    throw fail('badRequest', '`users` and `design_documents` must be booleans.')
  const identity = await ctx.services.mesh.create({
    name: textOf(body, 'name'),
    databases,
    users,
    designDocuments,
    member: memberOf(ctx, { ...body, name: body.member ?? '' }),
  })
  sendJson(ctx, { ok: true, mesh: identity.mesh, member: identity.member }, 201)
}

/** `DELETE /_mesh`: leaves; with `force=true` although no member answers. */
export async function deleteMesh(ctx: RequestContext): Promise<void> {
  await ctx.services.mesh.leave(QueryParams.of(ctx).flag('force'))
  sendJson(ctx, { ok: true })
}

/** `POST /_mesh/invitations`: a token with which one node can join, once. */
export async function postInvitation(ctx: RequestContext): Promise<void> {
  const { lifetime = DAY_SECONDS } = await readBody(ctx)
  if (typeof lifetime !== 'number' || !(lifetime > 0 && lifetime <= MOST_SECONDS))
    throw fail('badRequest', `\`lifetime\` is a number of seconds, up to ${MOST_SECONDS}.`)
  const { mesh } = ctx.services
  const { member } = await mesh.identity()
  const { token, expires } = await mesh.membership.invitations.make(member, lifetime * 1000)
  sendJson(ctx, { token, expires: expires.toISOString() }, 201)
}

/** `POST /_mesh/join`: has this node join the mesh of another one. */
export async function postJoin(ctx: RequestContext): Promise<void> {
  const body = await readBody(ctx)
  const at = textOf(body, 'at')
  if (!isServerUrl(at)) throw fail('badRequest', '`at` must be the URL of a member.')
  const member = memberOf(ctx, { ...body, name: body.member ?? '' })
  const identity = await ctx.services.mesh.join(at, textOf(body, 'token'), member)
  sendJson(ctx, { ok: true, mesh: identity.mesh, member: identity.member }, 201)
}

/** `POST /_mesh/members`: a node with an invitation asks to be taken in. */
export async function postMember(ctx: RequestContext): Promise<void> {
  sendJson(ctx, await ctx.services.mesh.membership.admit(await readBody(ctx)), 201)
}

/** `DELETE /_mesh/members/{id}`: for administrators, and for a member that leaves. */
export async function deleteMember(ctx: RequestContext): Promise<void> {
  const id = ctx.params.member ?? ''
  const asking = memberOfUser(ctx.state.user)
  if (asking !== undefined && asking !== id) throw fail('forbidden', 'Members remove themselves only.')
  const { mesh } = ctx.services
  if ((await mesh.identity()).member === id) throw fail('badRequest', 'A node leaves by `DELETE /_mesh`.')
  await mesh.remove(id, asking === id)
  sendJson(ctx, { ok: true })
}

/** `POST /_mesh/hello`: another member asks whether this node is there. */
export async function postHello(ctx: RequestContext): Promise<void> {
  const { member, mesh } = await ctx.services.mesh.identity()
  sendJson(ctx, { mesh, member })
}

/** `PUT /_mesh/passive/{name}`: takes in a CouchDB, which this node replicates with; or has this node be a host of it, too. */
export async function putPassive(ctx: RequestContext): Promise<void> {
  const body = await readBody(ctx)
  const url = textOf(body, 'url')
  if (!isServerUrl(url)) throw fail('badRequest', '`url` must be the URL of a server, without credentials.')
  const { mesh } = ctx.services
  const { member } = await mesh.identity()
  const credentials = parseCredentialName(textOf(body, 'credentials'))
  const place = withoutTrailing(url, '/')
  await mesh.passive.add(passiveName(ctx), place, credentials, member).catch((error: unknown) => {
    throw error instanceof PeerError ? fail('badRequest', error.reason) : error
  })
  sendJson(ctx, { ok: true }, 201)
}

/** `DELETE /_mesh/passive/{name}`: no member replicates with it any more. */
export async function deletePassive(ctx: RequestContext): Promise<void> {
  await ctx.services.mesh.passive.remove(passiveName(ctx))
  sendJson(ctx, { ok: true })
}

function passiveName(ctx: RequestContext): string {
  return parseCredentialName(ctx.params.name ?? '')
}

const DAY_SECONDS = 86_400
const MOST_SECONDS = 30 * DAY_SECONDS

async function readBody(ctx: RequestContext): Promise<JsonObject> {
  requireJson(ctx)
  return readJsonObject(ctx, 'settings')
}

function textOf(body: JsonObject, name: string): string {
  const value = body[name]
  if (typeof value === 'string' && value !== '') return value
  throw fail('badRequest', `\`${name}\` must be a text.`)
}

/** The member that this node is to be: where nobody says, under the URL at which it listens. */
function memberOf(ctx: RequestContext, body: JsonObject): NewMember {
  const { name, region = '', url = ctx.services.replicator.urlOf('').replace(/\/$/, '') } = body
  if (typeof url !== 'string' || !isServerUrl(url))
    throw fail('badRequest', '`url` must be the URL under which other members reach this node.')
  if (typeof region !== 'string') throw fail('badRequest', '`region` must be a text.')
  const shown = typeof name === 'string' && name !== '' ? name : new URL(url).host
  return { name: shown, url: withoutTrailing(url, '/'), region }
}

function isServerUrl(text: string): boolean {
  return /^https?:\/\/[^/?#@]+(\/[^?#]*)?$/.test(text)
}
