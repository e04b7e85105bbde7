import type { IncomingHttpHeaders } from 'node:http'
import { SESSION_COOKIE } from '../../auth/sessions/session-cookie.ts'
import type { Config } from '../../config/config.ts'

/** Headers with credentials. */
const SECRET = new Set(['authorization', 'x-auth-couchdb-token', 'x-couchette-internal', 'x-couchette-job'])

/**
 * A request's headers for the functions of design documents: without what proves the user, which whoever writes the
 * functions could keep and use. CouchDB shows it to them.
 *
 * @param config names the header of proxy tokens
 */
export function headersForDesignFunctions(
  headers: IncomingHttpHeaders,
  config?: Config,
): Record<string, string> {
  const token = config?.text('chttpd_auth', 'x_auth_token').toLowerCase()
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && !SECRET.has(name) && name !== token) shown[name] = value
  }
  if (shown['cookie'] !== undefined) shown['cookie'] = withoutSession(shown['cookie'])
  return shown
}

/** Names may have white space around them, which is no part of them (`findSessionCookie`). */
function withoutSession(cookies: string): string {
  const pairs = cookies.split(';').map(pair => pair.trim())
  return pairs.filter(pair => pair.split('=', 1)[0]?.trim() !== SESSION_COOKIE).join('; ')
}
