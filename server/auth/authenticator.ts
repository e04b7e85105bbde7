import { CouchError, fail } from '../../protocol/errors.ts'
import { ANONYMOUS, type UserContext } from '../../protocol/user-context.ts'
import type { Config } from '../config/config.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { parseBasic } from './login/basic.ts'
import { type HandlerName, type Handlers, parseHandlers } from './handlers.ts'
import { endOfJwt, userOfJwt } from './tokens/jwt.ts'
import { LOCKED, PasswordCheck } from './login/password-check.ts'
import type { Attempt } from './login/lockout.ts'
import { ProvenConnections } from './login/proven-connections.ts'
import { userOfProxy } from './tokens/proxy.ts'
import { Sessions } from './sessions/sessions.ts'
import { type Account, proofOf } from './accounts.ts'
import type { UserDirectory } from './user-directory.ts'
import type { UserRecord } from './user-record.ts'

/** Parts of a request that authenticate its user. */
export interface Credentials {
  header(name: string): string | undefined
  /** The client's address. */
  readonly peer: string
  /** The request came over TLS. */
  readonly secure: boolean
  /** Stands for the connection, where there is one. */
  readonly connection?: object
}

export interface Authentication extends Account {
  /** A `Set-Cookie` header to send along. */
  readonly setCookie: string | undefined
  /**
   * In milliseconds since 1970: until then the same credentials of the same address prove the same while no user, setting
   * or lock changes. Undefined where they are to be looked at each time.
   */
  readonly until: number | undefined
  /** The users database has a document of the user. */
  readonly hasDocument?: boolean
}

/** A login that was refused. */
export interface LoginFailure {
  readonly name: string
  /** Address that it came from. */
  readonly peer: string
  /** `locked`: refused without a look at the password, after too many wrong ones. */
  readonly cause: 'wrong' | 'locked'
}

const NOBODY: Authentication = { user: ANONYMOUS, setCookie: undefined, until: Infinity }
const FORBIDDEN = 403
const WRONG = 'Name or password is incorrect.'

/** Finds the user of a request, by the handlers of the configuration in their order (`chttpd:authenticate_request/3`). */
export class Authenticator {
  readonly sessions: Sessions
  readonly #config: Config
  readonly #users: UserDirectory
  readonly #passwords: PasswordCheck
  readonly #proven: ProvenConnections
  readonly #onLockout = new Set<(attempt: Attempt, mode: 'enforce' | 'warn') => void>()
  /** Called after each login that was refused. */
  onFailure: ((failure: LoginFailure) => void) | undefined
  /** Resolves when other threads know of locks; undefined where they do. */
  whenFollowed: (() => Promise<void> | undefined) | undefined
  /** Called once for each value of `authentication_handlers` that names unknown handlers, which are skipped. */
  onUnknownHandlers: ((handlers: Handlers) => void) | undefined
  #handlers: { readonly text: string; readonly names: readonly HandlerName[] } | undefined

  constructor(config: Config, users: UserDirectory, metrics: Metrics) {
    this.#config = config
    this.#users = users
    this.#passwords = new PasswordCheck(config, metrics)
    this.#proven = new ProvenConnections(() => this.#passwordLifetimeMs)
    this.sessions = new Sessions(config, name => users.find(name))
    this.#passwords.lockout.onThreshold = (attempt, mode) => {
      for (const listener of this.#onLockout) listener(attempt, mode)
    }
  }

  /** The handlers in use, in their order. */
  get handlers(): readonly HandlerName[] {
    const text = this.#config.text('chttpd', 'authentication_handlers')
    if (text === this.#handlers?.text) return this.#handlers.names
    const handlers = parseHandlers(text)
    this.#handlers = { text, names: handlers.names }
    if (handlers.unknown.length > 0) this.onUnknownHandlers?.(handlers)
    return handlers.names
  }

  /**
   * The first handler that knows the user decides; a request without credentials is anonymous.
   *
   * @throws `unauthorized` for wrong passwords and tokens that are over, `bad_request` for malformed credentials,
   *   `forbidden` for a locked name
   */
  async authenticate(request: Credentials): Promise<Authentication> {
    for (const handler of this.handlers) {
      const found = this.#try(handler, request)
      const known = found instanceof Promise ? await found : found
      if (known !== undefined) return known
    }
    return NOBODY
  }

  /**
   * Checks a name and password, and the token where the user has a second factor.
   *
   * @param token `undefined` where there is no place for one: then users with a second factor do not get in
   * @returns `undefined` where they are wrong
   */
  async login(name: string, password: string, peer: string, token?: string): Promise<UserRecord | undefined> {
    const user = await this.#users.find(name)
    try {
      if (user !== undefined && (await this.#passwords.isRight(user, { password, token }, peer))) {
        this.#users.loggedIn(user, password)
        return user
      }
    } catch (error) {
      if (error instanceof CouchError && error.status === FORBIDDEN)
        this.onFailure?.({ name, peer, cause: error.reason === LOCKED ? 'locked' : 'wrong' })
      throw error
    }
    this.onFailure?.({ name, peer, cause: 'wrong' })
    await this.whenFollowed?.()
    return undefined
  }

  /** Number of names that are locked after too many wrong passwords. */
  get lockedNames(): number {
    return this.#passwords.lockout.locked
  }

  /** Calls a listener whenever a name has had too many wrong passwords. */
  onLockout(listener: (attempt: Attempt, mode: 'enforce' | 'warn') => void): void {
    this.#onLockout.add(listener)
  }

  get #passwordLifetimeMs(): number {
    return this.#config.integer('couchette', 'password_cache_lifetime')
  }

  /** Answers at once where there is nothing to wait for: this runs with every request. */
  #try(
    handler: HandlerName,
    request: Credentials,
  ): Authentication | undefined | Promise<Authentication | undefined> {
    switch (handler) {
      case 'cookie':
        return request.header('cookie') === undefined ? undefined : this.#byCookie(request)
      case 'default':
        return this.#byProof(request) ?? this.#byBasic(request)
      case 'proxy':
        return this.#byProxy(request)
      case 'jwt':
        return this.#byJwt(request)
    }
  }

  async #byCookie(request: Credentials): Promise<Authentication | undefined> {
    const session = await this.sessions.read(request.header('cookie'), {
      secure: request.secure,
      fetchSite: request.header('sec-fetch-site'),
    })
    return session && { ...session, setCookie: session.renewal }
  }

  /** Returns the user that the same `Authorization` header proved on this connection before, unless the user changed since. */
  #byProof(request: Credentials): Authentication | undefined {
    const { connection, peer } = request
    const header = request.header('authorization')
    if (connection === undefined || header === undefined) return undefined
    const user = this.#proven.userOf(connection, header)
    if (user === undefined || !this.#users.isCurrent(user)) return undefined
    if (this.#passwords.isLocked(user, peer)) return undefined
    this.#passwords.countFast()
    return byPassword(user, this.#passwordLifetimeMs)
  }

  async #byBasic(request: Credentials): Promise<Authentication | undefined> {
    const header = request.header('authorization')
    const basic = parseBasic(header)
    if (basic === undefined) return undefined
    const user = await this.login(basic.name, basic.password, request.peer)
    if (user === undefined) throw fail('unauthorized', WRONG)
    if (request.connection !== undefined && header !== undefined) {
      this.#proven.add(request.connection, header, user)
    }
    return byPassword(user, this.#passwordLifetimeMs)
  }

  async #byProxy(request: Credentials): Promise<Authentication | undefined> {
    const config = this.#config
    const header = (key: 'x_auth_username' | 'x_auth_roles' | 'x_auth_token') =>
      request.header(config.text('chttpd_auth', key).toLowerCase())
    const headers = {
      name: header('x_auth_username'),
      roles: header('x_auth_roles'),
      token: header('x_auth_token'),
    }
    // What these headers prove depends on settings alone.
    return known(
      userOfProxy(headers, {
        useSecret: config.boolean('chttpd_auth', 'proxy_use_secret'),
        secret: config.text('chttpd_auth', 'secret'),
        algorithms: config.list('chttpd_auth', 'hash_algorithms'),
        coversRoles: config.boolean('couchette', 'proxy_token_covers_roles'),
      }),
      Infinity,
    )
  }

  async #byJwt(request: Credentials): Promise<Authentication | undefined> {
    const config = this.#config
    const header = request.header('authorization')
    const user = await userOfJwt(header, {
      keys: config.section('jwt_keys'),
      requiredClaims: config.text('jwt_auth', 'required_claims'),
      rolesClaimPath: config.text('jwt_auth', 'roles_claim_path'),
      rolesClaimName: config.text('jwt_auth', 'roles_claim_name'),
    })
    return known(user, header === undefined || user === undefined ? undefined : endOfJwt(header))
  }
}

function byPassword(record: UserRecord, lifetimeMs: number): Authentication {
  const { name, roles, rev } = record
  return {
    user: { name, roles, authenticated: 'default' },
    proof: proofOf(record),
    setCookie: undefined,
    until: Date.now() + lifetimeMs,
    hasDocument: rev !== undefined,
  }
}

function known(user: UserContext | undefined, until: number | undefined): Authentication | undefined {
  return user && { user, setCookie: undefined, until }
}
