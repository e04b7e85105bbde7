import { fail } from '../../protocol/errors.ts'
import { isDatabaseAdmin, type Security } from '../../protocol/security.ts'
import { isServerAdmin, METRICS_ROLE, type UserContext } from '../../protocol/user-context.ts'

/** @throws `unauthorized`, to users that are logged in too (`couch_httpd:verify_is_server_admin/1`) */
export function requireServerAdmin(user: UserContext): void {
  if (!isServerAdmin(user)) throw fail('unauthorized', 'You are not a server admin.')
}

/** @throws `unauthorized` */
export function requireMetrics(user: UserContext): void {
  if (isServerAdmin(user) || user.roles.includes(METRICS_ROLE)) return
  throw fail('unauthorized', 'You are not a server admin or read-only metrics user')
}

/** @throws `unauthorized` to anonymous requests */
export function requireUser(user: UserContext): void {
  if (user.name !== null || isServerAdmin(user)) return
  throw fail('unauthorized', 'You are not an authenticated user')
}

/**
 * For design documents and settings of a database (`couch_db:check_is_admin/1`).
 *
 * @throws `unauthorized` to anonymous requests, `forbidden` to users
 */
export function requireDbAdmin(user: UserContext, security: Security): void {
  if (isDatabaseAdmin(user, security)) return
  throw fail(user.name === null ? 'unauthorized' : 'forbidden', 'You are not a db or server admin.')
}

/** For the maintenance of a database (`chttpd_auth_request:require_db_admin/1`). @throws `unauthorized` */
export function requireServerOrDbAdmin(user: UserContext, security: Security): void {
  if (isDatabaseAdmin(user, security)) return
  throw fail('unauthorized', 'You are not a server or db admin.')
}
