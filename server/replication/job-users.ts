import { hash } from 'node:crypto'
import { fail } from '../../protocol/errors.ts'
import { isStoredUser, type UserContext } from '../../protocol/user-context.ts'
import type { UserDirectory } from '../auth/user-directory.ts'
import type { UserRecord } from '../auth/user-record.ts'

/** The user for whom a job uses databases of this server, as the job was made or as it last logged in. */
export interface JobUser {
  readonly user: UserContext
  /** Digest of the salt, which each new password changes; undefined of users whom tokens and proxies vouch for. */
  readonly proof?: string
}

/**
 * Looks up what a job's user may do now: a job goes on for long, and must not keep rights that its user has lost. Users
 * whom a token or a proxy vouched for stay as they were: nothing is known of them.
 */
export class JobUsers {
  readonly #users: UserDirectory

  constructor(users: UserDirectory) {
    this.#users = users
  }

  /** Returns a user in the form in which jobs keep it. */
  async keep(user: UserContext): Promise<JobUser> {
    if (user.name === null || !isStoredUser(user)) return { user }
    const record = await this.#users.find(user.name)
    return record === undefined ? { user } : { user, proof: proofOf(record) }
  }

  /**
   * Returns the user with the roles of now.
   *
   * @throws `unauthorized` if the user is gone or has another password
   */
  async current({ user, proof }: JobUser): Promise<UserContext> {
    if (user.name === null || !isStoredUser(user)) return user
    const record = await this.#users.find(user.name)
    if (record === undefined || (proof !== undefined && proof !== proofOf(record)))
      throw fail('unauthorized', 'Name or password is incorrect.')
    return { ...user, roles: record.roles }
  }
}

function proofOf({ salt }: UserRecord): string {
  return hash('sha256', salt, 'base64url')
}
