import type { IncomingHttpHeaders } from 'node:http'
import { SESSION_COOKIE } from '../auth/session-cookie.ts'

/** What proves who asks. */
const SECRET = new Set(['authorization', 'x-auth-couchdb-token', 'x-couchette-internal'])

/**
 * A request's headers for the functions of design documents: without what proves who asks, which whoever writes the
 * functions could keep and use. CouchDB shows it to them.
 */
export function shownHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && !SECRET.has(name)) shown[name] = value
  }
  if (shown['cookie'] !== undefined) shown['cookie'] = withoutSession(shown['cookie'])
  return shown
}

function withoutSession(cookies: string): string {
  const pairs = cookies.split(';').map(pair => pair.trim())
  return pairs.filter(pair => !pair.startsWith(`${SESSION_COOKIE}=`)).join('; ')
}
