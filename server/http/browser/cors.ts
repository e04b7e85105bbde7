import type { Config } from '../../config/config.ts'

/** Rules for requests from other origins: `[cors]`, or `[cors:HOST]` for requests to that host. */
export interface CorsRules {
  readonly origins: readonly string[]
  readonly credentials: boolean
  readonly methods: readonly string[]
  /** Lower case. */
  readonly headers: readonly string[]
  /** Lower case. */
  readonly exposedHeaders: readonly string[]
  readonly maxAgeSeconds: string
}

export type Headers = Readonly<Record<string, string>>

/** CouchDB's lists (`chttpd_cors.hrl`). */
const METHODS = ['CONNECT', 'COPY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE']
const REQUEST_HEADERS = [
  'accept',
  'accept-language',
  'authorization',
  'content-length',
  'content-range',
  'content-type',
  'destination',
  'expires',
  'if-match',
  'last-modified',
  'origin',
  'pragma',
  'x-couch-full-commit',
  'x-couch-id',
  'x-couch-persist',
  'x-couchdb-www-authenticate',
  'x-http-method-override',
  'x-requested-with',
  'x-couchdb-vhost-path',
]
const EXPOSED_HEADERS = [
  'accept-ranges',
  'etag',
  'server',
  'x-couch-request-id',
  'x-couch-update-newrev',
  'x-couchdb-body-time',
]
/** Headers that browsers show anyway; CouchDB lists those that an answer has. "content-type" always comes first. */
const SIMPLE_HEADERS = ['cache-control', 'content-language', 'expires', 'last-modified', 'pragma']

/** The rules for a request to that host; `undefined` while `[chttpd] enable_cors` is off. */
export function corsRules(config: Config, host: string): CorsRules | undefined {
  if (!config.boolean('chttpd', 'enable_cors')) return undefined
  const section = `cors:${host.replace(/:\d*$/, '')}`
  const list = (key: string, instead: readonly string[]) => {
    const text = config.get(section, key) ?? config.get('cors', key)
    return text === undefined || text.trim() === '' ? instead : text.split(',').map(entry => entry.trim())
  }
  const lower = (entries: readonly string[]) => entries.map(entry => entry.toLowerCase())
  return {
    origins: list('origins', []),
    credentials: (config.get(section, 'credentials') ?? config.get('cors', 'credentials')) === 'true',
    methods: list('methods', METHODS),
    headers: lower(list('headers', REQUEST_HEADERS)),
    exposedHeaders: lower(list('exposed_headers', EXPOSED_HEADERS)),
    maxAgeSeconds: config.get(section, 'max_age') ?? String(config.integer('cors', 'max_age')),
  }
}

export interface PreflightRequest {
  readonly origin: string | undefined
  /** `Access-Control-Request-Method` */
  readonly method: string | undefined
  /** `Access-Control-Request-Headers` */
  readonly headers: string | undefined
}

/**
 * The headers of the 204 that answers a preflight (`chttpd_cors:preflight_request/2`). `undefined` if it is no preflight, or
 * asks for more than is allowed: then it is an ordinary OPTIONS.
 */
export function preflightHeaders(
  { origin, method, headers = '' }: PreflightRequest,
  rules: CorsRules,
): Headers | undefined {
  if (method === undefined || !rules.methods.includes(method)) return undefined
  const asked = headers.split(',').map(name => name.trim().toLowerCase())
  if (headers !== '' && !asked.every(name => rules.headers.includes(name))) return undefined
  const allowed = originHeaders(origin, rules)
  return (
    allowed && {
      ...allowed,
      'Access-Control-Max-Age': rules.maxAgeSeconds,
      'Access-Control-Allow-Methods': rules.methods.join(', '),
      'Access-Control-Allow-Headers': headers,
    }
  )
}

/**
 * The headers that let the origin's scripts read an answer (`chttpd_cors:headers/4`); `undefined` for origins that may
 * not.
 *
 * @param sent the names of the headers that the answer has
 */
export function responseHeaders(
  origin: string | undefined,
  rules: CorsRules,
  sent: readonly string[],
): Headers | undefined {
  const allowed = originHeaders(origin, rules)
  if (allowed === undefined) return undefined
  const simple = SIMPLE_HEADERS.filter(name => sent.includes(name))
  return {
    ...allowed,
    'Access-Control-Expose-Headers': ['content-type', ...simple, ...rules.exposedHeaders].join(', '),
  }
}

function originHeaders(origin: string | undefined, rules: CorsRules): Headers | undefined {
  if (origin === undefined) return undefined
  if (!rules.origins.includes('*') && !rules.origins.includes(origin)) return undefined
  return {
    'Access-Control-Allow-Origin': origin,
    ...(rules.credentials && origin !== '*' ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
  }
}
