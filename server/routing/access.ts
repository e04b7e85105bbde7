import { systemDatabaseKind } from '../../protocol/system-database.ts'

/**
 * The right that a request needs before its route is asked:
 * - `everybody`: none
 * - `user`: to be logged in
 * - `metrics`: to be a server administrator or to have the role `_metrics`
 * - `server-admin`
 * - `list-databases`: to be a server administrator, unless `[chttpd] admin_only_all_dbs` is off
 * - `member`, `db-admin`, `maintainer`: of the database that the path names; a maintainer is a server or database
 *   administrator, refused in other words
 */
export type Right =
  'everybody' | 'user' | 'metrics' | 'server-admin' | 'list-databases' | 'member' | 'db-admin' | 'maintainer'

/** The right that a path needs, the same for all methods or by method. */
export type Access = Right | (Readonly<Record<string, Right>> & { readonly others: Right })

/** The rights of a route (`chttpd_auth_request:authorize_request/1`). */
export interface RouteAccess {
  readonly access: Access
  /** The right in `_users` and `_replicator` databases, where lists show the documents of others. Default: `access`. */
  readonly inSystemDatabases?: Access
  /** The right in `_users` databases. Default: `inSystemDatabases`. */
  readonly inUsersDatabases?: Access
}

/**
 * Returns the right that a request needs. Other databases whose names begin with an underscore are for server
 * administrators alone.
 *
 * @param database the decoded name in the path; null where it is not UTF-8, undefined where the path names no database
 * @param usersDatabase the configured name of the users database
 */
export function requiredRight(
  { access, inSystemDatabases = access, inUsersDatabases = inSystemDatabases }: RouteAccess,
  method: string,
  database: string | null | undefined,
  usersDatabase: string,
): Right {
  const name = database ?? ''
  const kind = systemDatabaseKind(name, usersDatabase)
  if (kind !== undefined) return rightFor(kind === 'users' ? inUsersDatabases : inSystemDatabases, method)
  return name.startsWith('_') ? 'server-admin' : rightFor(access, method)
}

function rightFor(access: Access, method: string): Right {
  return typeof access === 'string' ? access : (access[method] ?? access.others)
}
