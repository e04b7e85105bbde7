import { createHmac } from 'node:crypto'
import type { UserContext } from '../../protocol/user-context.ts'
import { sameText } from './hasher.ts'
import { hmacDigests } from './hmac-digests.ts'

export interface ProxySettings {
  readonly useSecret: boolean
  readonly secret: string
  readonly algorithms: readonly string[]
}

/** What a proxy in front of the server says of the user. */
export interface ProxyHeaders {
  readonly name: string | undefined
  readonly roles: string | undefined
  readonly token: string | undefined
}

/** Takes the proxy's word for who asks, if it is signed or needs no signature (`couch_httpd_auth:proxy_auth_user/1`). */
export function userOfProxy(
  { name, roles, token }: ProxyHeaders,
  settings: ProxySettings,
): UserContext | undefined {
  if (name === undefined) return undefined
  if (settings.useSecret && !isSigned(name, token ?? '', settings)) return undefined
  return { name, roles: (roles ?? '').split(/\s*,\s*/).filter(role => role !== ''), authenticated: 'proxy' }
}

function isSigned(name: string, token: string, { secret, algorithms }: ProxySettings): boolean {
  if (secret === '') return false
  return hmacDigests(algorithms).some(digest =>
    sameText(createHmac(digest, secret).update(name).digest('hex'), token),
  )
}
