import type { Readable } from 'node:stream'
import { createRequire } from 'node:module'
import type * as nano from 'nano'
import type { Dispatcher } from 'undici'
import { undici } from '../../replicator/http/undici.ts'
import { CommandError } from './command-error.ts'
import { authorization, parseUrl } from './connection.ts'
import type { Connection } from './connection.ts'
import { UNREACHABLE } from './exit-codes.ts'
import { refusalError, requestFailure } from './failures.ts'

type QueryValues = Readonly<Record<string, string | number | boolean | readonly unknown[]>>

/** CouchDB's own client, which commands that ask no server do not load. */
const makeNano = (configuration: nano.Configuration): nano.ServerScope =>
  (createRequire(import.meta.url)('nano') as typeof nano.default)(configuration)

const JSON_TYPE = { 'content-type': 'application/json' } as const

/** A server's HTTP interface. Every failure is a `CommandError` with a sentence and an exit code. */
export class Server {
  /** Without credentials and trailing slash. */
  readonly url: string
  readonly connection: Connection
  readonly #nano: nano.ServerScope
  readonly #dispatcher: Dispatcher
  readonly #signal: AbortSignal
  readonly #authorization: string | undefined
  /** The last failure to connect: nano's own message may lack its code. */
  #connecting: Error | undefined

  constructor(connection: Connection, signal: AbortSignal) {
    this.url = connection.url
    this.connection = connection
    this.#signal = signal
    this.#authorization = authorization(connection.credentials)
    this.#dispatcher = this.#connect()
    this.#nano = makeNano({
      url: connection.url,
      parseUrl: false,
      agentOptions: this.#dispatcher as object,
      headers: this.#headers,
    } as nano.Configuration)
  }

  /** Reads a path of the server; its values are parsed. */
  get<T>(path: string, query: QueryValues = {}): Promise<T> {
    return this.send<T>('GET', path, undefined, query)
  }

  /** Reads a path; undefined where the server answers 404. */
  async find<T>(path: string, query: QueryValues = {}): Promise<T | undefined> {
    try {
      return await this.#request<T>('GET', path, undefined, query)
    } catch (error) {
      if ((error as { statusCode?: unknown }).statusCode === 404) return undefined
      throw this.#failure(error)
    }
  }

  /** @param body sent as JSON; text is sent as it is */
  async send<T>(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    query: QueryValues = {},
  ): Promise<T> {
    try {
      return await this.#request<T>(method, path, body, query)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  /** Reads a path as the server sends it, for text and for documents whose numbers must stay as they are. */
  async text(path: string): Promise<string> {
    const { body } = await this.open('GET', path)
    try {
      return await body.text()
    } catch (error) {
      throw this.#failure(error)
    }
  }

  /** Sends a request and gives the answer's body as it comes. @throws {CommandError} for any status but 2xx */
  async open(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    body?: string | Uint8Array | Readable,
  ): Promise<Dispatcher.ResponseData> {
    try {
      const answer = await undici().request(`${this.url}/${path}`, {
        dispatcher: this.#dispatcher,
        method,
        headers: { ...this.#headers, ...(body === undefined ? {} : JSON_TYPE) },
        body: body ?? null,
        signal: this.#signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      if (answer.statusCode < 300) return answer
      throw refusalError(answer.statusCode, reasonIn(await answer.body.text()), this.url)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  /** `fetch` for clients that bring none: with this server's credentials and certificates. */
  fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    this.#connecting = undefined
    const headers = { ...Object.fromEntries(new Headers(init.headers)), ...this.#headers }
    const options = { ...init, headers, dispatcher: this.#dispatcher }
    const { fetch } = undici()
    return fetch(url, options as Parameters<typeof fetch>[1])
  }

  /** Returns the sentence for what a client that uses `fetch` failed with. */
  failure(error: unknown): CommandError {
    return this.#failure(error)
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }

  get #headers(): Record<string, string> {
    return {
      'user-agent': 'couchette',
      ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
    }
  }

  async #request<T>(method: string, path: string, body: unknown, query: QueryValues): Promise<T> {
    this.#connecting = undefined
    const options = {
      method,
      path,
      qs: query,
      signal: this.#signal,
      ...(body === undefined ? {} : { body, dontStringify: typeof body === 'string' }),
    }
    const value: unknown = await this.#nano.request(options)
    if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) return value as T
    if (path.startsWith('_node/') || typeof value === 'number') return value as T
    throw new CommandError(
      `What answers at ${this.url} is no CouchDB: /${path} is not answered with JSON.`,
      UNREACHABLE,
    )
  }

  #failure(error: unknown): CommandError {
    const connecting = this.#connecting
    this.#connecting = undefined
    if (this.#signal.aborted && !(error instanceof CommandError)) throw this.#signal.reason
    return requestFailure(error, this.url, connecting)
  }

  #connect(): Dispatcher {
    const { ca, insecure } = this.connection
    const tls = { rejectUnauthorized: !insecure, ...(ca === undefined ? {} : { ca }) }
    const { buildConnector, EnvHttpProxyAgent } = undici()
    const connect = buildConnector(tls)
    return new EnvHttpProxyAgent({
      // An index that is built first answers late.
      headersTimeout: 0,
      requestTls: tls,
      proxyTls: tls,
      connect: (target, done) =>
        connect(target, (...result) => {
          const [error] = result
          if (error !== null) this.#connecting = error
          done(...result)
        }),
    })
  }
}

/** Opens a server by its URL alone, as peers are looked at. */
export function serverAt(url: string, signal: AbortSignal): Server {
  return new Server({ credentials: {}, insecure: false, ...parseUrl(url) }, signal)
}

function reasonIn(text: string): { readonly error?: unknown; readonly reason?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
