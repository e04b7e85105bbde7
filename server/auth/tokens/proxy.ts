import { createHmac, hkdfSync } from 'node:crypto'
import type { UserContext } from '../../../protocol/user-context.ts'
import { sameText } from '../../passwords/hasher.ts'
import { hmacDigests } from '../sessions/hmac-digests.ts'

export interface ProxySettings {
  readonly useSecret: boolean
  readonly secret: string
  readonly algorithms: readonly string[]
  /** The token signs the roles too, under a key of its own; otherwise it is CouchDB's, which signs the name alone. */
  readonly coversRoles: boolean
}

/** User, roles and token in the headers of a trusted proxy. */
export interface ProxyHeaders {
  readonly name: string | undefined
  readonly roles: string | undefined
  readonly token: string | undefined
}

/** Takes the user that a proxy names, if it is signed or needs no signature (`couch_httpd_auth:proxy_auth_user/1`). */
export function userOfProxy(headers: ProxyHeaders, settings: ProxySettings): UserContext | undefined {
  const { name, roles = '', token = '' } = headers
  if (name === undefined) return undefined
  if (settings.useSecret && !isSigned({ name, roles, token }, settings)) return undefined
  return { name, roles: roles.split(/\s*,\s*/).filter(role => role !== ''), authenticated: 'proxy' }
}

/**
 * Makes a token that covers the roles: HMAC-SHA256, in hex, over the name, a line feed and the value of the roles'
 * header as it is sent. The key is derived from the server's secret with HKDF, so that nothing else that the secret
 * signs can pass for a token.
 */
export function proxyTokenWithRoles(name: string, roles: string, secret: string): string {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'couchette proxy token', 32))
  return createHmac('sha256', key).update(`${name}\n${roles}`).digest('hex')
}

function isSigned(
  { name, roles, token }: Record<keyof ProxyHeaders, string>,
  settings: ProxySettings,
): boolean {
  const { secret, algorithms, coversRoles } = settings
  if (secret === '') return false
  if (coversRoles) return sameText(proxyTokenWithRoles(name, roles, secret), token)
  return hmacDigests(algorithms).some(digest =>
    sameText(createHmac(digest, secret).update(name).digest('hex'), token),
  )
}
