import { fail } from '../../protocol/errors.ts'

export interface RolesClaim {
  /** "a.b\.c": members of members, a dot in a name escaped. Beats the name. */
  readonly rolesClaimPath: string
  readonly rolesClaimName: string
}

/**
 * The roles that a token gives: a list of strings, or one string divided by commas.
 *
 * @throws `bad_request` for anything else
 */
export function rolesOfClaims(
  claims: Readonly<Record<string, unknown>>,
  { rolesClaimPath, rolesClaimName }: RolesClaim,
): readonly string[] {
  const path = rolesClaimPath === '' ? [rolesClaimName] : splitPath(rolesClaimPath)
  const value = path.reduce<unknown>(member, claims) ?? []
  const roles: readonly unknown[] =
    typeof value === 'string' ? value.split(/\s*,\s*/).filter(role => role !== '') : asList(value)
  if (roles.every(role => typeof role === 'string')) return roles
  throw fail('badRequest', 'Malformed token')
}

function splitPath(path: string): string[] {
  return path.split(/(?<!\\)\./).map(name => name.replaceAll('\\.', '.'))
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw fail('badRequest', 'Malformed token')
}
