import { fail } from '../../../protocol/errors.ts'
import { parseJsonObject } from '../../../protocol/json/parse-json.ts'
import type { SessionClient } from '../../auth/sessions/sessions.ts'
import { readBody } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { isSecure, originOf } from '../../http/request/origin.ts'
import { loginPeerOf } from '../../http/connection/login-peer.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'

/** Names and passwords are short. */
const MAX_BYTES = 64 * 1024

/** Answers `GET /_session`: the user, and the handler that authenticated the request. */
export function getSession(ctx: RequestContext): void {
  const { name, roles, authenticated } = ctx.state.user
  const { authenticator, config } = ctx.services
  if (name === null && QueryParams.of(ctx).text('basic') === 'true')
    throw fail('unauthorized', 'Please login.')
  const database = config.get('chttpd_auth', 'authentication_db')
  sendJson(ctx, {
    ok: true,
    userCtx: { name, roles },
    info: {
      authentication_handlers: authenticator.handlers,
      ...(authenticated === undefined ? {} : { authenticated }),
      ...(database === undefined ? {} : { authentication_db: database }),
    },
  })
}

export async function logIn(ctx: RequestContext): Promise<void> {
  const { authenticator } = ctx.services
  const { name, password, token } = await readLogin(ctx)
  const user = await authenticator.login(name, password, loginPeerOf(ctx), token)
  const client = clientOf(ctx)
  if (user === undefined) {
    ctx.set('Set-Cookie', authenticator.sessions.end(client))
    const refusal = { error: 'unauthorized', reason: 'Name or password is incorrect.' }
    sendJson(ctx, refusal, isRedirected(ctx, 'fail') ? 302 : 401)
    return
  }
  ctx.set('Set-Cookie', authenticator.sessions.start(user, client))
  const welcome = { ok: true, name: user.name, roles: user.roles }
  sendJson(ctx, welcome, isRedirected(ctx, 'next') ? 302 : 200)
}

export function logOut(ctx: RequestContext): void {
  ctx.set('Set-Cookie', ctx.services.authenticator.sessions.end(clientOf(ctx)))
  sendJson(ctx, { ok: true }, isRedirected(ctx, 'next') ? 302 : 200)
}

function clientOf(ctx: RequestContext): SessionClient {
  return { secure: isSecure(ctx), fetchSite: ctx.get('Sec-Fetch-Site') || undefined }
}

interface Login {
  readonly name: string
  readonly password: string
  /** Of a second factor. */
  readonly token: string
}

/** @throws `bad_request`; `bad_content_type` for what is neither a form nor JSON */
async function readLogin(ctx: RequestContext): Promise<Login> {
  const fields = await readFields(ctx)
  const [name, username = name] = [fields.get('name'), fields.get('username')]
  if (username === undefined) throw fail('badRequest', 'request body must contain a username')
  if (name !== undefined && name !== username) {
    throw fail('badRequest', 'request body contains different usernames')
  }
  return { name: username, password: fields.get('password') ?? '', token: fields.get('token') ?? '' }
}

async function readFields(ctx: RequestContext): Promise<Map<string, string>> {
  const type = ctx.get('Content-Type')
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return new Map(new URLSearchParams((await readBody(ctx, MAX_BYTES)).toString()))
  }
  if (!type.startsWith('application/json')) throw fail('badLoginType')
  const members = Object.entries(parseJsonObject(await readBody(ctx, MAX_BYTES)))
  return new Map(members.filter((member): member is [string, string] => typeof member[1] === 'string'))
}

/**
 * Sends browsers on where the query names a path of this server; false where it names none.
 *
 * @throws `bad_request` for another place
 */
function isRedirected(ctx: RequestContext, parameter: 'next' | 'fail'): boolean {
  const path = QueryParams.of(ctx).text(parameter)
  if (path === undefined) return false
  if (!path.startsWith('/')) throw fail('badRequest', 'path must begin with a /.')
  if (!/^[\x21-\x7e]*$/.test(path)) throw fail('badRequest', 'path must be encoded')
  ctx.set('Location', originOf(ctx) + path)
  return true
}
