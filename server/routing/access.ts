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
export type Access =
  'everybody' | 'user' | 'metrics' | 'server-admin' | 'list-databases' | 'member' | 'db-admin' | 'maintainer'

/** Requests to the server by their first path segment; what is not here is for server administrators. */
const SERVER_ACCESS: Readonly<Record<string, Access>> = {
  'favicon.ico': 'everybody',
  _up: 'everybody',
  _uuids: 'everybody',
  _session: 'everybody',
  _replicate: 'user',
  _all_dbs: 'list-databases',
  _dbs_info: 'list-databases',
}

/** Databases that are used like others, within limits; also below a prefix. */
const SYSTEM_DATABASE = /(^|\/)_(users|replicator)$/

const USERS_DATABASE = /(^|\/)_users$/

const NODE_METRICS = new Set(['_stats', '_system', '_prometheus', '_health'])

/** What in a system database shows the documents of others. */
const LISTS_FOR_SERVER_ADMINS = new Set(['_all_docs', '_changes'])
const LISTS_FOR_DB_ADMINS = new Set([
  '_design_docs',
  '_local_docs',
  '_find',
  '_explain',
  '_index',
  '_partition',
  '_search_analyze',
])

/** Requests below a database that want more than membership; `_security` and others judge for themselves who may write. */
const DATABASE_ACCESS: Readonly<Record<string, Access>> = {
  _compact: 'maintainer',
  _view_cleanup: 'maintainer',
  _purge: 'server-admin',
  _sync_shards: 'server-admin',
}

/**
 * What a request needs (`chttpd_auth_request:authorize_request/1`). Unknown paths need the most, so that a route that
 * was forgotten here is closed.
 *
 * @param segments the decoded path; none for the server's root
 */
export function accessOf(method: string, segments: readonly string[]): Access {
  const [first, second] = segments
  if (first === undefined || first === '') return 'everybody'
  if (SYSTEM_DATABASE.test(first)) return systemDatabaseAccess(method, segments)
  if (Object.hasOwn(SERVER_ACCESS, first)) return SERVER_ACCESS[first] ?? 'server-admin'
  if (first === '_utils') return method === 'GET' || method === 'HEAD' ? 'everybody' : 'server-admin'
  if (first === '_node' && NODE_METRICS.has(segments[2] ?? '')) return 'metrics'
  if (first.startsWith('_')) return 'server-admin'
  return second === undefined ? wholeDatabaseAccess(method) : withinDatabaseAccess(method, second)
}

function wholeDatabaseAccess(method: string): Access {
  return method === 'PUT' || method === 'DELETE' ? 'server-admin' : 'member'
}

function withinDatabaseAccess(method: string, second: string): Access {
  if (second === '') return wholeDatabaseAccess(method)
  if (second === '_purged_infos_limit' && method === 'PUT') return 'server-admin'
  return Object.hasOwn(DATABASE_ACCESS, second) ? (DATABASE_ACCESS[second] ?? 'member') : 'member'
}

function systemDatabaseAccess(method: string, segments: readonly string[]): Access {
  const [first = '', second, , fourth] = segments
  if (second === undefined) return wholeDatabaseAccess(method)
  if (LISTS_FOR_SERVER_ADMINS.has(second)) return 'server-admin'
  if (LISTS_FOR_DB_ADMINS.has(second)) return 'db-admin'
  const runsFunctions = second === '_design' && fourth?.startsWith('_') === true
  // The rules of a users database tell its users which functions are theirs.
  if (runsFunctions && !USERS_DATABASE.test(first)) return 'db-admin'
  return withinDatabaseAccess(method, second)
}
