import { badReplication, invalidEndpoint, missingEndpoint } from './replication-error.ts'
import { isStreamUrl, parseStreamEndpoint, type StreamEndpoint } from './streams/stream-endpoint.ts'

/** Signs for a member of a mesh. */
export interface MemberSigner {
  /** Ids of the mesh, of the member that asks and of the one that is asked. */
  readonly mesh: string
  readonly member: string
  readonly audience: string
  /** Private key: JWK. */
  readonly key: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string; readonly d: string }
  readonly lifetimeSeconds: number
}

/** A source or target as a replication names it. */
export interface ReplicationEndpoint {
  /** Without credentials, with a trailing slash. Messages and listings show its `publicUrl`. */
  readonly url: string
  readonly basic?: { readonly username: string; readonly password: string }
  /** Without basic credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** A proxy's URL, credentials included. */
  readonly proxy?: string
  /** A database of this server, named rather than addressed. */
  readonly local?: string
  /** Name of credentials that the server keeps; the others are not there then. */
  readonly credentials?: string
  /** A member of a mesh, which is asked with tokens. */
  readonly signer?: MemberSigner
  /** The stream of a broker; undefined for a database. */
  readonly stream?: StreamEndpoint
}

/**
 * Parses a member `source` or `target`: a URL, or an object with `url`, `headers` and `auth.basic`
 * (CouchDB: `couch_replicator_parse:parse_rep_db/3`).
 *
 * @param localUrl Gives the URL that a plain database name stands for; without it names are refused.
 */
export function parseEndpoint(
  value: unknown,
  proxy: string,
  localUrl?: (name: string) => string,
): ReplicationEndpoint {
  if (value === undefined || value === null) throw missingEndpoint()
  if (typeof value === 'string') return fromUrl(value, {}, proxy, localUrl)
  if (!isObject(value) || typeof value.url !== 'string') throw invalidEndpoint()
  return fromUrl(value.url, value, proxy, localUrl)
}

type Members = Readonly<Record<string, unknown>>

function fromUrl(
  text: string,
  members: Members,
  proxy: string,
  localUrl?: (name: string) => string,
): ReplicationEndpoint {
  if (isStreamUrl(text)) return streamFrom(text, members)
  const addressed = /^https?:\/\//.test(text)
  if (!addressed && !localUrl) throw invalidEndpoint(isObject(members) && 'url' in members ? 'url' : 'name')
  const { url, basic: fromUrlText } = splitCredentials(addressed || !localUrl ? text : localUrl(text))
  const { headers, basic: fromHeaders } = splitHeaders(members.headers)
  const basic = basicAuth(members.auth) ?? fromUrlText ?? fromHeaders
  return {
    url: withSlash(url),
    headers,
    ...(basic ? { basic } : {}),
    ...(proxy ? { proxy } : {}),
    ...(addressed ? {} : { local: text }),
    ...namedCredentials(members, addressed && basic === undefined && !hasAuthorization(headers)),
  }
}

function streamFrom(text: string, members: Members): ReplicationEndpoint {
  const stream = parseStreamEndpoint(text, members)
  const [, user] = /^[a-z]+:\/\/([^/?#]*)@/.exec(text) ?? []
  const [username = '', ...rest] = (user ?? '').split(':')
  const fromUrlText = { username: decode(username), password: decode(rest.join(':')) }
  const basic = basicAuth(members.auth) ?? (user === undefined ? undefined : fromUrlText)
  const path = [stream.servers.join(','), stream.stream, stream.subject].filter(part => part !== undefined)
  return {
    url: `${stream.broker}://${path.join('/')}/`,
    headers: {},
    stream,
    ...(basic === undefined ? {} : { basic }),
    ...namedCredentials(members, basic === undefined),
  }
}

/** @param isAlone false where the endpoint has credentials besides, or needs none */
function namedCredentials({ credentials }: Members, isAlone: boolean): { credentials?: string } {
  if (credentials === undefined) return {}
  if (typeof credentials !== 'string' || credentials === '')
    throw badReplication('`credentials` must be the name of credentials')
  if (!isAlone) throw badReplication('`credentials` are for a URL without other credentials')
  return { credentials }
}

function hasAuthorization(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some(name => ['authorization', 'cookie'].includes(name.toLowerCase()))
}

/**
 * Returns a URL as messages, listings, metrics and the log show it: without its query, which may hold a token, and
 * without anything before an "@". That a password has characters which end the authority of a URL ("/", "@") hides no less.
 */
export function publicUrl(url: string): string {
  const address = URL.canParse(url) ? url.replace(/[?#].*$/s, '') : url
  return address.replace(/^((?:[a-z][a-z0-9+.-]*:)?\/\/).*@/is, '$1').replace(/[?#].*$/s, '')
}

/** Queries are kept as they are; every other URL ends in a slash. */
function withSlash(url: string): string {
  return url.includes('?') || url.endsWith('/') ? url : `${url}/`
}

interface Basic {
  readonly username: string
  readonly password: string
}

function splitCredentials(url: string): { url: string; basic?: Basic } {
  const match = /^(https?:\/\/)([^/?#]*)@(.*)$/.exec(url)
  const checked = match ? `${match[1]}${match[3]}` : url
  if (!URL.canParse(checked)) throw invalidEndpoint()
  if (!match) return { url }
  const [username = '', ...rest] = (match[2] ?? '').split(':')
  return { url: checked, basic: { username: decode(username), password: decode(rest.join(':')) } }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function splitHeaders(value: unknown): { headers: Record<string, string>; basic?: Basic } {
  const headers: Record<string, string> = {}
  let basic: Basic | undefined
  for (const [name, text] of Object.entries(isObject(value) ? value : {})) {
    if (typeof text !== 'string') throw invalidEndpoint()
    const credentials = name.toLowerCase() === 'authorization' ? parseBasic(text) : undefined
    if (credentials) basic = credentials
    else headers[name] = text
  }
  return basic ? { headers, basic } : { headers }
}

function parseBasic(text: string): Basic | undefined {
  const match = /^basic\s+(\S+)$/i.exec(text)
  const decoded = Buffer.from(match?.[1] ?? '', 'base64').toString()
  const colon = decoded.indexOf(':')
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}

function basicAuth(auth: unknown): Basic | undefined {
  if (!isObject(auth) || !isObject(auth.basic)) return undefined
  const { username, password } = auth.basic
  return typeof username === 'string' && typeof password === 'string' ? { username, password } : undefined
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
