/** Requests to the node that serves this page. */

/** The node's address with a slash at its end: one level above `/_utils/`, also below the path of a proxy. */
export const NODE_URL = new URL('..', new URL('.', document.baseURI)).href

/** An answer that refuses: the HTTP status with CouchDB's error and reason. */
export class ApiError extends Error {
  readonly status: number
  readonly error: string
  readonly reason: string

  constructor(status: number, error: string, reason: string) {
    super(reason === '' ? error : reason)
    this.name = 'ApiError'
    this.status = status
    this.error = error
    this.reason = reason
  }
}

export interface RequestOptions {
  readonly params?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as `application/json`, as it is where it is text already. */
  readonly json?: unknown
  readonly body?: BodyInit
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

type Listener = () => void
const refusalListeners = new Set<Listener>()

/** Calls back after an answer of 401, which tells that the session may have ended. Returns how to stop that. */
export function onUnauthorized(listener: Listener): Listener {
  refusalListeners.add(listener)
  return () => refusalListeners.delete(listener)
}

export function urlOf(path: string, params: RequestOptions['params'] = {}): string {
  const url = new URL(path, NODE_URL)
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
  }
  return url.href
}

/** @throws {ApiError} for answers of 400 and above, and with status 0 where the node cannot be reached */
export async function request(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const { json, body, signal } = options
  const payload = json === undefined ? body : typeof json === 'string' ? json : JSON.stringify(json)
  const response = await fetch(urlOf(path, options.params), {
    method,
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      // Browsers ask for a password themselves unless the challenge is one that they do not know.
      'x-couchdb-www-authenticate': 'Cookie',
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(payload === undefined ? {} : { body: payload }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error
    throw new ApiError(
      0,
      'unreachable',
      'The node does not answer. It may be restarting, or the network is down.',
    )
  })
  if (response.ok) return response
  if (response.status === 401) for (const listener of refusalListeners) listener()
  throw await apiError(response)
}

async function apiError(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  try {
    const { error, reason } = JSON.parse(text) as { error?: unknown; reason?: unknown }
    return new ApiError(response.status, asText(error), asText(reason))
  } catch {
    return new ApiError(response.status, `HTTP ${response.status}`, response.statusText)
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}

/** The answer's JSON as values: for what the server says of itself, never for bodies of documents. */
export async function getJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await (await request('GET', path, options)).json()) as T
}

export async function sendJson<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  return (await (await request(method, path, options)).json()) as T
}

/** The answer's text as it came. */
export async function getText(path: string, options: RequestOptions = {}): Promise<string> {
  return (await request('GET', path, options)).text()
}

/** A sentence for people of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const known = KNOWN[error.status]
    if (error.status === 0 || known === undefined) return error.message
    return `${known} ${error.message}`
  }
  return error instanceof Error ? error.message : String(error)
}

const KNOWN: Readonly<Record<number, string>> = {
  409: 'Somebody else has changed this meanwhile.',
  412: 'The server refused this.',
  503: 'The server is busy or in maintenance.',
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof ApiError && statuses.includes(error.status)
}
