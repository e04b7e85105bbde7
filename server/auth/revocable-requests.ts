import type { Security } from '../../protocol/security.ts'
import { isMember } from '../../protocol/security.ts'
import { isServerAdmin, isStoredUser, type UserContext } from '../../protocol/user-context.ts'
import { type Account, Accounts } from './accounts.ts'
import type { UserDirectory } from './user-directory.ts'
import type { Database } from '../database/database.ts'

/** A request that goes on for long: a feed, a long answer. */
export interface RevocableRequest extends Account {
  readonly database: Database
  /** {@link RevocableRequests.epoch} as its rights were found. */
  readonly epoch: number
  /** Ends it at once. */
  end(): void
}

/**
 * The requests that are being answered, so that a right which is withdrawn ends them: a change of a database's
 * `_security`, of a user's document, or of the administrators.
 */
export class RevocableRequests {
  readonly #users: Pick<UserDirectory, 'find'>
  readonly #accounts: Accounts
  readonly #requests = new Set<RevocableRequest>()
  #epoch = 0

  constructor(users: Pick<UserDirectory, 'find'>) {
    this.#users = users
    this.#accounts = new Accounts(users)
  }

  get size(): number {
    return this.#requests.size
  }

  /** Changes whenever a right may have been withdrawn: rights that were found since then hold still. */
  get epoch(): number {
    return this.#epoch
  }

  /** @returns how to say that it is over */
  add(request: RevocableRequest): () => void {
    this.#requests.add(request)
    if (request.epoch !== this.#epoch) void this.#reconsider([request])
    return () => this.#requests.delete(request)
  }

  /** Returns the user of an account with the roles of now. @throws `unauthorized` if the account is gone, or has another password */
  currentUser(account: Account): Promise<UserContext> {
    return this.#accounts.current(account)
  }

  securityChanged(database: Database, security: Security): void {
    this.#epoch += 1
    for (const request of this.#requests) {
      if (request.database === database && !isMember(request.user, security)) request.end()
    }
  }

  /** Looks again at the users of all requests. Tokens and proxies vouch for theirs until the request ends. */
  usersChanged(): Promise<void> {
    this.#epoch += 1
    return this.#reconsider([...this.#requests].filter(({ user }) => isStoredUser(user)))
  }

  /** Ends those of the requests whose users have lost the right. Each user is looked up once. */
  async #reconsider(requests: readonly RevocableRequest[]): Promise<void> {
    const accounts = new Accounts(lookedUpOnce(this.#users))
    for (const request of requests) {
      const user = await accounts.current(request).catch(() => undefined)
      if (user === undefined || !keepsRights(request, user)) request.end()
    }
  }
}

/** @param user of the request, with the roles of now */
function keepsRights(request: RevocableRequest, user: UserContext): boolean {
  const lostAdmin = isServerAdmin(request.user) && !isServerAdmin(user)
  return !lostAdmin && isMember(user, request.database.security)
}

function lookedUpOnce(users: Pick<UserDirectory, 'find'>): Pick<UserDirectory, 'find'> {
  const found = new Map<string, ReturnType<UserDirectory['find']>>()
  return {
    find: name => {
      if (!found.has(name)) found.set(name, users.find(name))
      return found.get(name)
    },
  }
}
