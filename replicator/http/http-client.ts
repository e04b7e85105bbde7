import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { publicUrl, type ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import { networkError } from '../peer-error.ts'
import type { BytesMoved } from '../peer.ts'
import { retrying, type RetryPolicy } from '../retry.ts'
import { Turns } from '../../protocol/turns.ts'
import { decoded, discard, header, otherShape, readJson, statusError } from './answer.ts'
import type { PeerAnswer } from './answer.ts'
import { interimBound } from './interim-answers.ts'
import type { Connections } from './connections.ts'
import { MemberTokens } from './member-token.ts'
import type { PeerSession } from './session.ts'
import { wordsOf } from './redact.ts'
import type { Shape } from './shapes.ts'
import { parseRetryAfter, type Throttle } from './throttle.ts'

/** Options of a job's requests. */
export interface HttpOptions {
  readonly connectionTimeoutMs: number
  readonly retriesPerRequest: number
  readonly httpConnections: number
}

/** One request to a database. */
export interface PeerRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'HEAD' | 'DELETE' | 'COPY'
  /** Relative to the database, with its query. */
  readonly path: string
  /** JSON text, or a body that can be sent once. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
  /** A feed holds its connection for long: it does not take one of the job's turns. */
  readonly feed?: boolean
  /** A live feed that says next to nothing is as it should be. */
  readonly live?: boolean
  /** The most bytes of a JSON answer, where that is less than the configured. */
  readonly maxAnswer?: number
}

/** Status with which older servers answer `_bulk_docs` if they refuse documents. */
const EXPECTATION_FAILED = 417
const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 30_000
const MIN_GZIP_BYTES = 4096
/** No request over loopback takes so long, other than on a machine that is too busy to care. */
const FAR_MS = 20
const LOOPBACK = /^(localhost|127\.|\[?::1\]?$)/
const compress = promisify(gzip)

/** Sends requests to one database: authenticated, paced, at most so many at a time, again when they fail. */
export class HttpClient {
  readonly url: string
  readonly timeoutMs: number
  readonly retryPolicy: RetryPolicy
  readonly #origin: string
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #dispatcher: Dispatcher
  readonly #throttle: Throttle
  readonly #session: PeerSession | undefined
  readonly #tokens: MemberTokens | undefined
  readonly #turns: Turns
  readonly #isElsewhere: boolean
  readonly #words: (text: string) => string
  readonly #connections: Connections
  #refusesGzip = false
  /** The shortest time to an answer so far. */
  #quickestMs: number | undefined
  #received = 0
  #heardAt = performance.now()
  #sent = 0

  /**
   * @param ownHeaders sent with all requests, logins too, whatever the endpoint's headers are
   * @throws PeerError `host_not_allowed`
   */
  constructor(
    endpoint: ReplicationEndpoint,
    options: HttpOptions,
    connections: Connections,
    ownHeaders: Readonly<Record<string, string>> = {},
  ) {
    const { origin, pathname, hostname } = new URL(endpoint.url)
    connections.checkHosts(endpoint.url, endpoint.proxy)
    this.url = publicUrl(endpoint.url)
    this.timeoutMs = options.connectionTimeoutMs
    this.retryPolicy = {
      retries: options.retriesPerRequest,
      firstWaitMs: FIRST_WAIT_MS,
      maxWaitMs: MAX_WAIT_MS,
    }
    this.#origin = origin
    this.#path = pathname
    this.#headers = {
      accept: 'application/json',
      'user-agent': 'Couchette-Replicator',
      ...endpoint.headers,
      ...ownHeaders,
    }
    this.#dispatcher = connections.dispatcher(endpoint.proxy)
    this.#throttle = connections.throttle(origin)
    this.#session =
      endpoint.basic &&
      connections.session({ origin, ...endpoint.basic, headers: ownHeaders }, endpoint.proxy)
    this.#tokens = endpoint.signer && new MemberTokens(endpoint.signer)
    this.#turns = new Turns(() => ({ running: options.httpConnections }))
    this.#isElsewhere = !LOOPBACK.test(hostname)
    this.#words = wordsOf(endpoint)
    this.#connections = connections
  }

  /** Time of the last bytes from the peer, by `performance.now()`. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** Bytes of bodies so far. */
  get moved(): BytesMoved {
    return { received: this.#received, sent: this.#sent }
  }

  /** Makes a peer's own words fit to be shown. */
  get words(): (text: string) => string {
    return this.#words
  }

  /**
   * Sends a request and parses the answer, again after failures that may pass.
   *
   * @param statuses that are answers; any other is an error
   * @param shape what an answer of a status below 300, or of 417, must look like
   * @returns what it says; null for other statuses
   * @throws PeerError `no_couchdb` when it looks otherwise
   */
  async json<T>(
    request: PeerRequest,
    statuses: readonly number[],
    signal: AbortSignal,
    shape: Shape<T>,
  ): Promise<{ status: number; value: T | null; headers: PeerAnswer['headers'] }> {
    return retrying(this.retryPolicy, signal, () =>
      this.open(request, statuses, signal, async answer => {
        const value = await readJson(answer, request.maxAnswer)
        if (answer.status >= 300 && answer.status !== EXPECTATION_FAILED)
          return { status: answer.status, value: null, headers: answer.headers }
        const said = shape(value)
        if (said === undefined) throw otherShape(answer)
        return { status: answer.status, value: said, headers: answer.headers }
      }),
    )
  }

  /** Sends a request once and hands its answer to `use`, which must read or discard the body. */
  async open<T>(
    request: PeerRequest,
    statuses: readonly number[] | 'all',
    signal: AbortSignal,
    use: (answer: PeerAnswer) => Promise<T>,
  ): Promise<T> {
    const send = async (): Promise<T> => {
      const answer = await this.#authenticated(request, signal)
      if (statuses !== 'all' && !statuses.includes(answer.status)) throw await statusError(answer)
      return await use(answer)
    }
    return request.feed === true ? send() : this.#turns.run(send, { signal })
  }

  /** Yields what `read` makes of an answer, which keeps its turn until then. */
  async *stream<T>(
    request: PeerRequest,
    signal: AbortSignal,
    read: (answer: PeerAnswer) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    await this.#turns.begin({ signal })
    try {
      const answer = await this.open({ ...request, feed: true }, [200], signal, async opened => opened)
      try {
        yield* read(answer)
      } finally {
        discard(answer)
      }
    } finally {
      this.#turns.end()
    }
  }

  /** A request that names a session which is over is sent once more, with another. */
  async #authenticated(request: PeerRequest, signal: AbortSignal): Promise<PeerAnswer> {
    const auth = await this.#session?.headers(this.timeoutMs, signal)
    const answer = await this.#send(request, auth ?? {}, signal)
    const resendable = request.body === undefined || isBytes(request.body)
    if (answer.status !== 401 || !auth || !resendable || !this.#session?.refused(auth)) return answer
    discard(answer)
    return this.#send(request, await this.#session.headers(this.timeoutMs, signal), signal)
  }

  async #send(
    request: PeerRequest,
    auth: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<PeerAnswer> {
    const { body, encoding } = await this.#encode(request)
    const answer = await this.#dispatch(request, body, { ...auth, ...encoding }, signal)
    if ((answer.status !== 415 && answer.status !== 400) || !encoding['content-encoding']) return answer
    this.#refusesGzip = true
    discard(answer)
    return this.#dispatch(request, request.body, auth, signal)
  }

  async #dispatch(
    request: PeerRequest,
    body: PeerRequest['body'],
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<PeerAnswer> {
    await this.#throttle.pass(signal)
    const name = `${request.method} ${this.url}${request.path.split('?')[0]}`
    const asked = performance.now()
    try {
      const response = await this.#dispatcher.request({
        origin: this.#origin,
        path: this.#path + request.path,
        method: request.method,
        headers: {
          ...this.#headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(this.#isFar ? { 'accept-encoding': 'gzip' } : {}),
          ...this.#connections.traceHeaders(),
          ...request.headers,
          ...headers,
          ...(await this.#tokens?.header(request.method, this.#path + request.path)),
        },
        body: (body ?? null) as string | Uint8Array | Readable | null,
        headersTimeout: this.timeoutMs,
        bodyTimeout: this.timeoutMs,
        onInfo: interimBound(),
        signal,
      })
      this.#quickestMs = Math.min(this.#quickestMs ?? Infinity, performance.now() - asked)
      return this.#answer(response, name, request.live === true)
    } catch (error) {
      signal.throwIfAborted()
      throw networkError(error, name)
    }
  }

  #answer(
    { statusCode: status, headers, body }: Dispatcher.ResponseData<unknown>,
    request: string,
    mayTrickle: boolean,
  ): PeerAnswer {
    this.#heardAt = performance.now()
    this.#session?.received(headers['set-cookie'])
    if (status === 429 || status === 503)
      this.#throttle.overloaded(parseRetryAfter(header({ headers }, 'retry-after')))
    else this.#throttle.succeeded()
    return {
      status,
      headers,
      request,
      words: this.#words,
      pace: { timeoutMs: this.timeoutMs, mayTrickle },
      limits: this.#connections.limits,
      held: this.#connections.held.open(request),
      body: decoded(body, header({ headers }, 'content-encoding')),
      received: bytes => {
        this.#received += bytes
        this.#heardAt = performance.now()
      },
    }
  }

  /** Worth compressing for: on another machine, or here at the end of a tunnel. */
  get #isFar(): boolean {
    return this.#isElsewhere || (this.#quickestMs ?? 0) > FAR_MS
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#sent += chunk.length
      yield chunk
    }
  }

  async #encode({
    body,
  }: PeerRequest): Promise<{ body: PeerRequest['body']; encoding: Record<string, string> }> {
    if (!isBytes(body)) return { body: body && this.#counted(body), encoding: {} }
    this.#sent += body.length
    if (!this.#isFar || this.#refusesGzip || body.length < MIN_GZIP_BYTES) return { body, encoding: {} }
    return { body: await compress(body, { level: 1 }), encoding: { 'content-encoding': 'gzip' } }
  }
}

function isBytes(body: PeerRequest['body']): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array
}
