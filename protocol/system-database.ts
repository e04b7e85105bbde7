/** A database that the server uses itself: of users, or of replications. */
export type SystemDatabaseKind = 'users' | 'replicator'

const SYSTEM_DATABASE = /(?:^|\/)_(users|replicator)$/

/**
 * Returns the kind of a system database by its name; undefined for other databases. They may lie below a prefix:
 * "shop/_users".
 *
 * @param usersDatabase the name of the users database, which may be any (`[chttpd_auth] authentication_db`)
 */
export function systemDatabaseKind(name: string, usersDatabase: string): SystemDatabaseKind | undefined {
  if (name === usersDatabase) return 'users'
  return name.includes('_') ? (SYSTEM_DATABASE.exec(name)?.[1] as SystemDatabaseKind | undefined) : undefined
}
