import { HOST_DENIED } from './http/guarded-lookup.ts'
/** Options of a `PeerError`. */
interface Details {
  /** The HTTP status, 0 where there was none. */
  readonly status?: number
  /** True if the same request may succeed later. */
  readonly transient?: boolean
  /** Milliseconds after which the peer accepts requests again, by `Retry-After`. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/**
 * Failure of a request to a peer. `error` is a word as CouchDB's replicator has them, `reason` a sentence that
 * says what is wrong and where, never with credentials.
 */
export class PeerError extends Error {
  readonly error: string
  readonly reason: string
  readonly status: number
  readonly transient: boolean
  readonly retryAfterMs: number | undefined

  constructor(
    error: string,
    reason: string,
    { status = 0, transient = false, retryAfterMs, cause }: Details = {},
  ) {
    super(`${error}: ${reason}`, { cause })
    this.name = 'PeerError'
    this.error = error
    this.reason = reason
    this.status = status
    this.transient = transient
    this.retryAfterMs = retryAfterMs
  }
}

export function databaseNotFound(url: string): PeerError {
  return new PeerError('db_not_found', `could not open ${url}`, { status: 404 })
}

export function unauthorized(url: string, status = 401): PeerError {
  return new PeerError('unauthorized', `unauthorized to access or create database ${url}`, { status })
}

/** The error for a host that replications may not reach. */
export function hostNotAllowed(url: string): PeerError {
  return networkError(Object.assign(new Error(), { code: HOST_DENIED }), url)
}

/** The words for a failure of the network, by the code that Node or undici gives it. */
const CODES: Readonly<Record<string, readonly [error: string, (url: string) => string]>> = {
  EHOSTDENIED: [
    'host_not_allowed',
    url => `the settings of this server do not let replications reach ${url}`,
  ],
  ENOTFOUND: ['nxdomain', url => `could not resolve ${url}`],
  EAI_AGAIN: ['nxdomain', url => `could not resolve ${url}`],
  ECONNREFUSED: ['connection_refused', url => `nothing listens at ${url}`],
  ECONNRESET: ['connection_closed', url => `the connection was cut during a request to ${url}`],
  EPIPE: ['connection_closed', url => `the connection was cut during a request to ${url}`],
  UND_ERR_SOCKET: ['connection_closed', url => `the connection was cut during a request to ${url}`],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['connection_closed', url => `the answer of ${url} was cut short`],
  UND_ERR_CONNECT_TIMEOUT: ['connect_timeout', url => `could not connect to ${url} in time`],
  ETIMEDOUT: ['connect_timeout', url => `could not connect to ${url} in time`],
  EHOSTUNREACH: ['unreachable', url => `there is no route to ${url}`],
  ENETUNREACH: ['unreachable', url => `there is no route to ${url}`],
  UND_ERR_HEADERS_TIMEOUT: ['timeout', url => `${url} did not answer in time`],
  UND_ERR_BODY_TIMEOUT: ['timeout', url => `the answer of ${url} stalled`],
}

/** The name, rarely the code, of what undici's parser of HTTP throws. */
const NO_HTTP = 'HTTPParserError'
/** Pattern of undici's `ProxyAgent` message with the status of a proxy that refuses a request. */
const PROXY = /^Proxy .*\((\d+)\)/
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|EPROTO)/

/** The error for a request that failed without an answer. Such requests are tried again, other than at hosts that are denied. */
export function networkError(cause: unknown, url: string): PeerError {
  if (cause instanceof PeerError) return cause
  const code = codeOf(cause)
  if (TLS.test(code))
    return new PeerError('tls_error', `TLS with ${url} failed: ${code}`, { transient: true, cause })
  if (cause instanceof Error && cause.name === NO_HTTP)
    return new PeerError('no_couchdb', `what answers ${url} does not speak HTTP`, { transient: true, cause })
  const refusal = PROXY.exec(text(cause, ''))?.[1]
  if (refusal) {
    const reason = `the proxy answered ${refusal} when it was asked for ${url}`
    return new PeerError('proxy_refused', reason, { transient: true, cause })
  }
  const [error, reason] = CODES[code] ?? [
    'connection_failed',
    () => `a request to ${url} failed: ${text(cause, code)}`,
  ]
  return new PeerError(error, reason(url) + elsewhere(cause, url), { transient: code !== HOST_DENIED, cause })
}

/** Returns whether the settings of this server are why a peer was not asked: asking again changes nothing. */
export function isHostDenied(error: unknown): boolean {
  return error instanceof PeerError && error.error === 'host_not_allowed'
}

/** Returns the address of the connection if it is not the URL's host: a proxy, or one of a name's addresses. */
function elsewhere(cause: unknown, url: string): string {
  const { address, port } = (cause ?? {}) as { address?: unknown; port?: unknown }
  if (typeof address !== 'string' || typeof port !== 'number') return ''
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}`
  return url.includes(`//${place}/`) ? '' : ` (${place})`
}

function codeOf(cause: unknown): string {
  const {
    code,
    cause: inner,
    errors,
  } = (cause ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown[] }
  if (typeof code === 'string') return code
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0])
  return inner === undefined ? '' : codeOf(inner)
}

function text(cause: unknown, code: string): string {
  return code || (cause instanceof Error ? cause.message : String(cause))
}

/** Returns whether a request with this answer may succeed when it is sent again. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/** Returns whether a peer refuses documents, in CouchDB's words: a proxy that refuses a request has others. */
export function isOfDocuments({ status, error }: PeerError): boolean {
  if (TOO_LONG.includes(status) || error === 'missing_stub') return true
  return status === 400 && OF_DOCUMENTS.includes(error)
}

/** A document, its id in the URL or the header that repeats it are too long. */
const TOO_LONG = [413, 414, 431]

const OF_DOCUMENTS = ['bad_request', 'doc_validation', 'illegal_docid']
