import { hash } from 'node:crypto'
import { fail } from '../../protocol/errors.ts'
import { isStoredUser, type UserContext } from '../../protocol/user-context.ts'
import type { UserDirectory } from './user-directory.ts'
import type { UserRecord } from './user-record.ts'

/** A user for whom something goes on for long, a request or a job, as credentials proved the user when it began. */
export interface Account {
  readonly user: UserContext
  /** Digest of the salt, which each new password changes; undefined of users whom tokens and proxies vouch for. */
  readonly proof?: string | undefined
}

/**
 * Looks up what the user of an account may do now: what goes on for long must not keep rights that its user has lost.
 * Users whom a token or a proxy vouched for stay as they were: nothing is known of them.
 */
export class Accounts {
  readonly #users: Pick<UserDirectory, 'find'>

  constructor(users: Pick<UserDirectory, 'find'>) {
    this.#users = users
  }

  /** Returns the account of a user, as it is now. */
  async of(user: UserContext): Promise<Account> {
    if (user.name === null || !isStoredUser(user)) return { user }
    const record = await this.#users.find(user.name)
    return record === undefined ? { user } : { user, proof: proofOf(record) }
  }

  /**
   * Returns the user with the roles of now.
   *
   * @throws `unauthorized` if the user is gone or has another password
   */
  async current({ user, proof }: Account): Promise<UserContext> {
    if (user.name === null || !isStoredUser(user)) return user
    const record = await this.#users.find(user.name)
    if (record === undefined || (proof !== undefined && proof !== proofOf(record)))
      throw fail('unauthorized', 'Name or password is incorrect.')
    return { ...user, roles: record.roles }
  }
}

const proofs = new WeakMap<UserRecord, string>()

/** Returns what shows that a user's password is still the same, and tells nothing of it. */
export function proofOf(record: UserRecord): string {
  let proof = proofs.get(record)
  if (proof === undefined) proofs.set(record, (proof = hash('sha256', record.salt, 'base64url')))
  return proof
}
