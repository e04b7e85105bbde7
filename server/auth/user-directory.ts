import type { UserRecord } from './user-record.ts'

/** Where users are looked up: the configuration's administrators and the documents of `_users`. */
export interface UserDirectory {
  /**
   * Somebody who may log in. Answered at once where nothing changed since the last time.
   *
   * @throws `unauthorized` while the user's document is in conflict
   */
  find(name: string): UserRecord | undefined | Promise<UserRecord | undefined>

  /** Whether a record that was found still holds, as far as that is known without reading anything. */
  isCurrent(user: UserRecord): boolean

  /** Told of a right password, in case that its hash is to be made anew. */
  loggedIn(user: UserRecord, password: string): void
}
