import type { UserRecord } from './user-record.ts'

/** Lookup of users: the configuration's administrators and the documents of `_users`. */
export interface UserDirectory {
  /**
   * Somebody who may log in. Answered at once where nothing changed since the last time.
   *
   * @throws `unauthorized` while the user's document is in conflict
   */
  find(name: string): UserRecord | undefined | Promise<UserRecord | undefined>

  /** Returns false if a record that was found may be out of date; reads nothing. */
  isCurrent(user: UserRecord): boolean

  /** Called after a correct password: its hash is replaced if the configuration asks for another one now. */
  loggedIn(user: UserRecord, password: string): void
}
