/** The ways to authenticate, by the names that `_session` shows. */
export type HandlerName = 'cookie' | 'default' | 'proxy' | 'jwt'

const FUNCTIONS: Readonly<Record<string, HandlerName>> = {
  cookie_authentication_handler: 'cookie',
  default_authentication_handler: 'default',
  proxy_authentication_handler: 'proxy',
  proxy_authentification_handler: 'proxy',
  jwt_authentication_handler: 'jwt',
}

/**
 * Reads `[chttpd] authentication_handlers`: `{chttpd_auth, cookie_authentication_handler}, …`, or the bare names. What
 * is not known is passed over; CouchDB's null handler, which makes everybody an administrator, is not known.
 */
export function parseHandlers(text: string): HandlerName[] {
  const names = [...text.matchAll(/[a-z_]+_handler/g)].map(([name]) => FUNCTIONS[name])
  return names.filter(name => name !== undefined)
}
