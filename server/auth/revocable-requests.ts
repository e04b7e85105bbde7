import type { Security } from '../../protocol/security.ts'
import { isMember } from '../../protocol/security.ts'
import { isServerAdmin, isStoredUser, type UserContext } from '../../protocol/user-context.ts'
import type { UserRecord } from './user-record.ts'
import type { UserDirectory } from './user-directory.ts'
import type { Database } from '../database/database.ts'

/** A request that goes on for long: a feed, a long answer. */
export interface RevocableRequest {
  readonly user: UserContext
  readonly database: Database
  /** Ends it at once. */
  end(): void
}

/**
 * The requests that are being answered, so that a right which is withdrawn ends them: a change of a database's
 * `_security`, of a user's document, or of the administrators.
 */
export class RevocableRequests {
  readonly #users: UserDirectory
  readonly #requests = new Set<RevocableRequest>()
  /** Salts of the users as their requests began: each new password has another one. */
  readonly #salts = new WeakMap<RevocableRequest, string>()

  constructor(users: UserDirectory) {
    this.#users = users
  }

  get size(): number {
    return this.#requests.size
  }

  /** @returns how to say that it is over */
  add(request: RevocableRequest): () => void {
    this.#requests.add(request)
    void this.#rememberSalt(request)
    return () => this.#requests.delete(request)
  }

  securityChanged(database: Database, security: Security): void {
    for (const request of this.#requests) {
      if (request.database === database && !isMember(request.user, security)) request.end()
    }
  }

  /** Looks again at the users of all requests, each once. Tokens and proxies vouch for theirs until the request ends. */
  async usersChanged(): Promise<void> {
    const names = new Set(
      [...this.#requests]
        .map(({ user }) => user)
        .filter(isStoredUser)
        .map(({ name }) => name),
    )
    for (const name of names) {
      const found = await this.#find(name)
      for (const request of this.#requests) {
        if (request.user.name !== name || !isStoredUser(request.user)) continue
        const salt = this.#salts.get(request)
        const hasNewPassword = salt !== undefined && found !== undefined && found.salt !== salt
        reconsider(request, hasNewPassword ? undefined : found?.roles)
      }
    }
  }

  async #rememberSalt(request: RevocableRequest): Promise<void> {
    if (!isStoredUser(request.user)) return
    const found = await this.#find(request.user.name)
    if (found !== undefined) this.#salts.set(request, found.salt)
  }

  async #find(name: string | null): Promise<UserRecord | undefined> {
    return name === null ? undefined : Promise.resolve(this.#users.find(name)).catch(() => undefined)
  }
}

/** @param roles of the user now; `undefined` where the user is gone or has another password */
function reconsider(request: RevocableRequest, roles: readonly string[] | undefined): void {
  const { user, database } = request
  const allowed = roles !== undefined && isMember({ ...user, roles }, database.security)
  const lostAdmin = isServerAdmin(user) && roles?.includes('_admin') !== true
  if (!allowed || lostAdmin) request.end()
}
