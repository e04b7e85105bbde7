import { fail } from '../../protocol/errors.ts'
import type { Config } from '../config/config.ts'
import { ADMIN_ROLE, type RequestContext, type UserContext } from '../http/context.ts'
import { parseAdminPassword } from './stored-password.ts'

const ANONYMOUS: UserContext = { name: null, roles: [] }

/** Verified headers are remembered, so that a request does not cost a PBKDF2; more than this many are forgotten. */
const MAX_REMEMBERED = 1000

/** Basic authentication against the administrators of the configuration. */
export function basicAuthenticator(config: Config): (ctx: RequestContext) => Promise<UserContext> {
  const verified = new Map<string, UserContext>()
  config.onChange('admins', () => verified.clear())
  return async ctx => {
    const header = ctx.req.headers.authorization
    // A scheme that is not known is ignored, even "Basic:".
    if (header === undefined || !/^basic /i.test(header)) return ANONYMOUS
    const known = verified.get(header)
    if (known !== undefined) return known
    const user = await verify(config, header)
    if (verified.size >= MAX_REMEMBERED) verified.clear()
    verified.set(header, user)
    return user
  }
}

async function verify(config: Config, header: string): Promise<UserContext> {
  const text = Buffer.from(header.slice('basic '.length), 'base64').toString()
  const colon = text.indexOf(':')
  const name = text.slice(0, colon)
  const stored = parseAdminPassword(config.get('admins', name) ?? '')
  if (stored === undefined || !(await config.hasher.verify(text.slice(colon + 1), stored))) {
    throw fail('unauthorized', 'Name or password is incorrect.')
  }
  return { name, roles: [ADMIN_ROLE] }
}
