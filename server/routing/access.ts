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

/** Databases that are used like others, within limits; also below a prefix. */
const SYSTEM_DATABASE = /(?:^|\/)_(users|replicator)$/

/**
 * Returns the right that a request needs. Other databases whose names begin with an underscore are for server
 * administrators alone.
 *
 * @param database the decoded name in the path; null where it is not UTF-8, undefined where the path names no database
 */
export function requiredRight(
  { access, inSystemDatabases = access, inUsersDatabases = inSystemDatabases }: RouteAccess,
  method: string,
  database: string | null | undefined,
): Right {
  const name = database ?? ''
  if (!name.includes('_')) return rightFor(access, method)
  const system = SYSTEM_DATABASE.exec(name)
  if (system !== null) return rightFor(system[1] === 'users' ? inUsersDatabases : inSystemDatabases, method)
  return name.startsWith('_') ? 'server-admin' : rightFor(access, method)
}

function rightFor(access: Access, method: string): Right {
  return typeof access === 'string' ? access : (access[method] ?? access.others)
}
