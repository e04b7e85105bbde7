/** The ways to authenticate, by the names that `_session` shows. */
export type HandlerName = 'cookie' | 'default' | 'proxy' | 'jwt'

const FUNCTIONS: Readonly<Record<string, HandlerName>> = {
  cookie_authentication_handler: 'cookie',
  default_authentication_handler: 'default',
  proxy_authentication_handler: 'proxy',
  proxy_authentification_handler: 'proxy',
  jwt_authentication_handler: 'jwt',
}

/** CouchDB's own, which hold where the configuration names none that is known. */
const DEFAULT: readonly HandlerName[] = ['cookie', 'default']

/** The handlers of a configuration, and what is wrong with it. */
export interface Handlers {
  readonly names: readonly HandlerName[]
  /** Handlers that Couchette does not know, as they were written; CouchDB's null handler, which makes everybody an administrator, is one. */
  readonly unknown: readonly string[]
  /** None is known, so that the default ones are used: otherwise nobody could log in, and put the setting right. */
  readonly isDefault: boolean
}

/**
 * Reads `[chttpd] authentication_handlers`: `{chttpd_auth, cookie_authentication_handler}, …`, or the bare names. What
 * is not known is passed over and reported.
 */
export function parseHandlers(text: string): Handlers {
  // A name in braces is the second of a pair: the first is the module.
  const written = [...text.matchAll(/\{[^{},]*,([^{}]*)\}|([^{},]+)/g)]
    .map(([, paired, bare]) => (paired ?? bare ?? '').trim())
    .filter(name => name !== '')
  const known = (name: string): HandlerName | undefined =>
    Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  const names = [...new Set(written.map(known).filter(name => name !== undefined))]
  return {
    names: names.length === 0 ? DEFAULT : names,
    unknown: written.filter(name => known(name) === undefined),
    isDefault: names.length === 0,
  }
}
