import type { Dispatcher } from 'undici'
import { PeerError, networkError } from '../peer-error.ts'
import { unlessAborted } from '../wait.ts'
import { parseRetryAfter } from './throttle.ts'
import { interimBound } from './interim-answers.ts'

const COOKIE = /(?:^|[;,]\s*)AuthSession=([^;,\s]*)/
const MAX_AGE = /;\s*max-age=(\d+)/i
/** CouchDB's sessions last ten minutes unless it says otherwise. */
const DEFAULT_LIFE_MS = 550_000
const RENEW_AT = 0.8
const MAX_ANSWER_BYTES = 64 * 1024

/** A user's login at one host. */
export interface PeerLogin {
  readonly origin: string
  readonly username: string
  readonly password: string
  /** Sent along with it. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The cookie session of a user at a host: made on first use, renewed before it expires and when the host refuses it.
 * A host without sessions gets Basic credentials with every request instead.
 */
export class PeerSession {
  readonly #login: PeerLogin
  readonly #dispatcher: Dispatcher
  #cookie = ''
  /** By `performance.now()`. */
  #expiresAt = 0
  #basicOnly = false
  #renewal: Promise<void> | undefined

  constructor(login: PeerLogin, dispatcher: Dispatcher) {
    this.#login = login
    this.#dispatcher = dispatcher
  }

  /**
   * The headers that authenticate a request.
   *
   * @throws PeerError `replication_auth_error` when the host refuses the credentials
   */
  async headers(timeoutMs: number, signal: AbortSignal): Promise<Record<string, string>> {
    if (!this.#basicOnly && performance.now() >= this.#expiresAt)
      await unlessAborted(this.#renew(timeoutMs), signal)
    return this.#basicOnly ? { authorization: basic(this.#login) } : { cookie: `AuthSession=${this.#cookie}` }
  }

  /** Takes the new cookie that a host may send with any answer; cookies of other names are not for us. */
  received(setCookie: string | string[] | undefined): void {
    const text = setCookies(setCookie).find(line => COOKIE.test(line))
    const value = text === undefined ? undefined : COOKIE.exec(text)?.[1]
    if (!text || !value || this.#basicOnly) return
    const maxAge = MAX_AGE.exec(text)?.[1]
    this.#cookie = value
    this.#expiresAt =
      performance.now() + (maxAge === undefined ? DEFAULT_LIFE_MS : Number(maxAge) * 1000 * RENEW_AT)
  }

  /** The host refused these headers: whether other ones may do. */
  refused(sent: Readonly<Record<string, string>>): boolean {
    if (this.#basicOnly) return false
    if (sent.cookie === `AuthSession=${this.#cookie}`) this.#expiresAt = 0
    return true
  }

  #renew(timeoutMs: number): Promise<void> {
    this.#renewal ??= this.#logIn(timeoutMs).finally(() => (this.#renewal = undefined))
    return this.#renewal
  }

  async #logIn(timeoutMs: number): Promise<void> {
    const url = `${this.#login.origin}/_session`
    const { statusCode: status, headers, body } = await this.#post(url, timeoutMs)
    await drain(body, url, timeoutMs)
    if (status === 401) throw refusedLogin(url, this.#login.username)
    if (status === 429 || status === 503) throw overloaded(url, status, headers['retry-after'])
    if (status === 200) this.received(headers['set-cookie'])
    this.#basicOnly = status !== 200 || performance.now() >= this.#expiresAt
  }

  async #post(url: string, timeoutMs: number): Promise<Dispatcher.ResponseData> {
    const { username: name, password, headers } = this.#login
    try {
      return await this.#dispatcher.request({
        origin: this.#login.origin,
        path: '/_session',
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ name, password }),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        onInfo: interimBound(),
      })
    } catch (error) {
      throw networkError(error, url)
    }
  }
}

/** Reads what little follows the head of an answer, so that its connection can be used again. */
async function drain(body: Dispatcher.ResponseData['body'], url: string, timeoutMs: number): Promise<void> {
  try {
    await body.dump({ limit: MAX_ANSWER_BYTES, signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    throw networkError(error, url)
  }
}

function setCookies(header: string | string[] | undefined): string[] {
  if (header === undefined) return []
  return Array.isArray(header) ? header : [header]
}

function basic({ username, password }: PeerLogin): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function refusedLogin(url: string, username: string): PeerError {
  const reason = `{session_request_unauthorized,"${url}","${username}"}`
  return new PeerError('replication_auth_error', reason, { status: 401 })
}

function overloaded(url: string, status: number, retryAfter: string | string[] | undefined): PeerError {
  const retryAfterMs = parseRetryAfter(typeof retryAfter === 'string' ? retryAfter : undefined)
  const details = { status, transient: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  return new PeerError('overloaded', `${url} answered ${status}`, details)
}
