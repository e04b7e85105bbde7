import { fail } from './errors.ts'
import type { JsonObject } from './json-value.ts'
import type { ReplicationEndpoint } from './replication-endpoint.ts'
import { publicUrl } from './replication-endpoint.ts'
import { withoutTrailing } from './trailing.ts'

/** A secret that an administrator keeps on the server under a name, and the place that it is for. */
export interface Credential {
  /** It is sent to this URL and what is below it, and nowhere else. No trailing slash. */
  readonly url: string
  readonly basic?: { readonly username: string; readonly password: string }
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** Schemes of servers and brokers. */
const PLACE = /^(https?|nats|tls|kafka):\/\/[^/?#@]+(\/[^?#]*)?$/

/** Place of secrets that are sent nowhere: the keys of masks. */
export const MASKS = 'mask:'

/** @throws `bad_request` unless a name of credentials has 1 to 128 letters, digits, dots, dashes and underscores */
export function parseCredentialName(name: string): string {
  if (NAME.test(name)) return name
  throw fail(
    'badRequest',
    'A name of credentials has up to 128 letters, digits, dots, dashes and underscores, a letter or digit first.',
  )
}

/** Parses the body of `PUT /_credentials/{name}`. @throws `bad_request` */
export function parseCredential(body: JsonObject): Credential {
  const { url, username, password, token, ...others } = body
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw fail('badRequest', `Credentials have no member \`${unknown}\`.`)
  if (typeof url !== 'string' || (url !== MASKS && !PLACE.test(url)))
    throw fail(
      'badRequest',
      '`url` is the server, or a path of it, that the credentials are for: no user, no query.',
    )
  const place = url === MASKS ? MASKS : placeOf(url)
  if (url === MASKS && token === undefined) throw fail('badRequest', 'The secret of masks is a `token`.')
  if (token !== undefined) {
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
      throw fail('badRequest', '`token` must be a text without spaces.')
    if (username !== undefined || password !== undefined)
      throw fail('badRequest', 'Credentials are a `token`, or `username` and `password`.')
    return { url: place, token }
  }
  if (typeof username !== 'string' || username === '' || typeof password !== 'string')
    throw fail('badRequest', 'Credentials need `username` and `password`, or a `token`.')
  return { url: place, basic: { username, password } }
}

/** Returns whether a URL is the place of credentials, or below it. */
export function isForUrl({ url: place }: Pick<Credential, 'url'>, url: string): boolean {
  const path = placeOf(url.replace(/[?#].*$/s, ''))
  return path === place || path.startsWith(`${place}/`)
}

/** Returns an endpoint with the secrets that it names. The caller has made sure that they are for its URL. */
export function withCredential(
  endpoint: ReplicationEndpoint,
  { basic, token }: Credential,
): ReplicationEndpoint {
  if (basic !== undefined) return { ...endpoint, basic }
  return { ...endpoint, headers: { ...endpoint.headers, Authorization: `Bearer ${token}` } }
}

/** Normalizes what the same address can be written as: case of the host, default ports, dots in paths. */
function placeOf(url: string): string {
  const shown = publicUrl(/^https?:/.test(url) ? new URL(url).href : url)
  return withoutTrailing(shown, '/')
}
