/** Rights of the signed-in user, as far as the page can know: what a user may not do is not shown. The server decides in the end. */

interface Group {
  readonly names?: unknown
  readonly roles?: unknown
}

/**
 * Returns whether a user may write design documents and permissions of a database.
 *
 * @param security its `_security` object as it was sent
 */
export function isDatabaseAdmin(
  user: { readonly name: string | null; readonly roles: readonly string[] },
  security: unknown,
): boolean {
  if (user.roles.includes('_admin')) return true
  const { admins } = (security ?? {}) as { admins?: Group }
  const names = listOf(admins?.names)
  const roles = listOf(admins?.roles)
  return (user.name !== null && names.includes(user.name)) || user.roles.some(role => roles.includes(role))
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
