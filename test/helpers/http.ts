import { request } from 'undici'
import { target } from '../../harness/client.ts'

export interface Answer<Body> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Body
}

export interface CallOptions {
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly raw?: string | Buffer
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

/**
 * One request; the answer's body is read whole, and parsed when it is JSON.
 *
 * @param base the server's URL; credentials in it are sent as Basic authentication
 */
export async function call<Body = Record<string, unknown>>(
  base: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer<Body>> {
  const { origin, headers } = target(base)
  const payload = options.json === undefined ? options.raw : JSON.stringify(options.json)
  const typed = options.json === undefined ? {} : { 'content-type': 'application/json' }
  const response = await request(origin + path, {
    method: method,
    // A kept connection may be closed just when it is used again, by a node that is killed for instance.
    reset: true,
    headers: { accept: 'application/json', ...headers, ...typed, ...options.headers },
    ...(payload === undefined ? {} : { body: payload }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const text = await response.body.text()
  return { status: response.statusCode, headers: response.headers, body: parse(text) as Body }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
