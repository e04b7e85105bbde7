import { createHmac, timingSafeEqual } from 'node:crypto'
import { fail } from '../../../protocol/errors.ts'
import { hmacDigests } from './hmac-digests.ts'

export const SESSION_COOKIE = 'AuthSession'

/** The parts of an `AuthSession` cookie: `base64url(name:HEXTIME:hmac)`, as CouchDB's. */
export interface SessionCookie {
  readonly name: string
  /** Hex, as it was signed. */
  readonly time: string
  readonly mac: Buffer
}

export interface CookieAttributes {
  readonly persistent: boolean
  readonly timeoutSeconds: number
  readonly domain: string
  readonly sameSite: string
  /** The request came over TLS. */
  readonly secure: boolean
}

/** The value of the session cookie in a `Cookie` header. An empty one counts as missing. */
export function findSessionCookie(header: string | undefined): string | undefined {
  if (header === undefined || !header.includes(SESSION_COOKIE)) return undefined
  for (const pair of header.split(';')) {
    const [name = '', value = ''] = splitAt(pair, '=')
    if (name.trim() === SESSION_COOKIE) return value.trim().replace(/^"(.*)"$/, '$1') || undefined
  }
  return undefined
}

/** @throws `bad_request` where it is no base64url of three parts */
export function parseSessionCookie(value: string): SessionCookie {
  const bytes = /^[A-Za-z0-9_-]+=*$/.test(value) ? Buffer.from(value, 'base64url') : Buffer.alloc(0)
  const first = bytes.indexOf(':')
  const second = bytes.indexOf(':', first + 1)
  if (first < 0 || second < 0) {
    throw fail('badRequest', 'Malformed AuthSession cookie. Please clear your cookies.')
  }
  return {
    name: bytes.toString('utf8', 0, first),
    time: bytes.toString('latin1', first + 1, second),
    mac: bytes.subarray(second + 1),
  }
}

/** Signs a session with the first algorithm that is known. The key is the server's secret and the user's salt. */
export function makeSessionCookie(
  name: string,
  seconds: number,
  key: string,
  algorithms: readonly string[],
): string {
  const time = seconds.toString(16).toUpperCase()
  const mac = sign(`${name}:${time}`, key, hmacDigests(algorithms)[0] ?? 'sha256')
  return Buffer.concat([Buffer.from(`${name}:${time}:`), mac]).toString('base64url')
}

/** Returns true if one of the HMAC algorithms gives the cookie's signature under this key; compares in constant time. */
export function isSignedWith(
  { name, time, mac }: SessionCookie,
  key: string,
  algorithms: readonly string[],
): boolean {
  return hmacDigests(algorithms).some(digest => {
    const expected = sign(`${name}:${time}`, key, digest)
    return expected.length === mac.length && timingSafeEqual(expected, mac)
  })
}

/** Returns the time at which the cookie was made, in seconds since 1970; undefined if it has no hex number. */
export function timeOf({ time }: SessionCookie): number | undefined {
  return /^[0-9A-Fa-f]{1,12}$/.test(time) ? parseInt(time, 16) : undefined
}

/** The `Set-Cookie` header, its attributes in mochiweb's order and its date in mochiweb's form. */
export function formatSetCookie(value: string, attributes: CookieAttributes, nowMs = Date.now()): string {
  const { persistent, timeoutSeconds, domain, sameSite, secure } = attributes
  return [
    `${SESSION_COOKIE}=${value}; Version=1`,
    ...(persistent
      ? [`Expires=${formatDate(nowMs + timeoutSeconds * 1000)}`, `Max-Age=${timeoutSeconds}`]
      : []),
    ...(secure ? ['Secure'] : []),
    ...(domain === '' ? [] : [`Domain=${domain}`]),
    'Path=/',
    'HttpOnly',
    ...formatSameSite(sameSite),
  ].join('; ')
}

function formatSameSite(value: string): string[] {
  const known: Record<string, string> = { none: 'None', lax: 'Lax', strict: 'Strict' }
  const name = known[value.toLowerCase()]
  return name === undefined ? [] : [`SameSite=${name}`]
}

/** "Sat, 21-Nov-2026 03:21:52 GMT" */
function formatDate(ms: number): string {
  return new Date(ms).toUTCString().replace(/^(\w+, \d+) (\w+) (\d+)/, '$1-$2-$3')
}

function sign(text: string, key: string, digest: string): Buffer {
  return createHmac(digest, key).update(text).digest()
}

function splitAt(text: string, separator: string): [string, string] {
  const offset = text.indexOf(separator)
  return offset < 0 ? [text, ''] : [text.slice(0, offset), text.slice(offset + 1)]
}
