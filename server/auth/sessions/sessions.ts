import type { Config } from '../../config/config.ts'
import {
  findSessionCookie,
  formatSetCookie,
  isSignedWith,
  makeSessionCookie,
  parseSessionCookie,
  type SessionCookie,
  timeOf,
} from './session-cookie.ts'
import { type Account, proofOf } from '../accounts.ts'
import { ExpiringMap } from '../expiring-map.ts'
import { isUsableSalt } from '../login/password-limits.ts'
import type { UserRecord } from '../user-record.ts'

const MAX_VERIFIED = 10_000

/** A cookie is made again once a tenth of its life is over. */
const RENEW_BELOW = 0.9

export interface Session extends Account {
  /** The `Set-Cookie` header that prolongs the session, when that is due. */
  readonly renewal: string | undefined
  /** In milliseconds since 1970: the cookie is renewed from then on; undefined where that is due. */
  readonly until: number | undefined
  /** The users database has a document of the user. */
  readonly hasDocument: boolean
}

/** Properties of a client that decide the attributes of its cookie. */
export interface SessionClient {
  /** True if the client came over TLS. */
  readonly secure: boolean
  /** `Sec-Fetch-Site`, which browsers send: where the page that asks is from. */
  readonly fetchSite: string | undefined
}

/**
 * Returns `SameSite` where nothing is configured. Browsers take a cookie without it for `Lax`, but send it with forms of
 * other sites for two minutes; a page of this site gets it said. Other clients get CouchDB's cookie.
 */
function sameSiteFor(fetchSite: string | undefined): string {
  return fetchSite === undefined || fetchSite === 'cross-site' ? '' : 'lax'
}

/** Cookie sessions: signed with the server's secret and the user's salt, so that a new password ends all of them. */
export class Sessions {
  readonly #config: Config
  /** Cookies whose signature was right, with the key that it was right for. */
  readonly #verified = new ExpiringMap<string, SessionCookie & { readonly key: string }>(() => ({
    entries: MAX_VERIFIED,
    lifetimeMs: this.#timeout * 1000,
  }))
  readonly #find: (name: string) => Promise<UserRecord | undefined> | UserRecord | undefined

  constructor(
    config: Config,
    find: (name: string) => Promise<UserRecord | undefined> | UserRecord | undefined,
  ) {
    this.#config = config
    this.#find = find
  }

  /**
   * Returns the session of a `Cookie` header; undefined if it has none, or one that is forged or expired.
   *
   * @throws `bad_request` for a malformed session cookie
   */
  async read(header: string | undefined, client: SessionClient): Promise<Session | undefined> {
    const value = findSessionCookie(header)
    if (value === undefined) return undefined
    const known = this.#verified.get(value)
    const cookie = known ?? parseSessionCookie(value)
    const user = await this.#find(cookie.name)
    const made = timeOf(cookie)
    // Without a salt of its own, the key would be that of proxy tokens.
    if (user === undefined || made === undefined || !isUsableSalt(user.salt)) return undefined
    const left = made + this.#timeout - Date.now() / 1000
    const key = this.#key(user) + this.#algorithms.join()
    if (left <= 0) return undefined
    if (known?.key !== key) {
      if (!isSignedWith(cookie, this.#key(user), this.#algorithms)) return undefined
      this.#verified.set(value, { ...cookie, key })
    }
    const isDue = left < this.#timeout * RENEW_BELOW
    return {
      user: { name: user.name, roles: user.roles, authenticated: 'cookie' },
      proof: proofOf(user),
      renewal: isDue ? this.start(user, client) : undefined,
      until: isDue ? undefined : (made + this.#timeout * (1 - RENEW_BELOW)) * 1000,
      hasDocument: user.rev !== undefined,
    }
  }

  /** The `Set-Cookie` header of a new session. */
  start(user: UserRecord, client: SessionClient): string {
    const seconds = Math.floor(Date.now() / 1000)
    return this.#setCookie(makeSessionCookie(user.name, seconds, this.#key(user), this.#algorithms), client)
  }

  /** The `Set-Cookie` header that ends a session in the browser. */
  end(client: SessionClient): string {
    return this.#setCookie('', client)
  }

  get #timeout(): number {
    return this.#config.integer('chttpd_auth', 'timeout')
  }

  get #algorithms(): readonly string[] {
    return this.#config.list('chttpd_auth', 'hash_algorithms')
  }

  #key(user: UserRecord): string {
    return this.#config.text('chttpd_auth', 'secret') + user.salt
  }

  #setCookie(value: string, { secure, fetchSite }: SessionClient): string {
    return formatSetCookie(value, {
      persistent: this.#config.boolean('chttpd_auth', 'allow_persistent_cookies'),
      timeoutSeconds: this.#timeout,
      domain: this.#config.text('chttpd_auth', 'cookie_domain'),
      sameSite: this.#config.text('chttpd_auth', 'same_site') || sameSiteFor(fetchSite),
      secure,
    })
  }
}
