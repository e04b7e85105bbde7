import { fail } from '../../../protocol/errors.ts'

export interface RolesClaim {
  /** "a.b\.c": members of members, a dot in a name escaped. Beats the name. */
  readonly rolesClaimPath: string
  readonly rolesClaimName: string
}

/**
 * The roles that a token gives: a list of strings, or one string divided by commas. A claim that is not there under its
 * name gives none; one that is not there under a configured path refuses the token
 * (`couch_util:get_nested_json_value/2`).
 *
 * @throws `bad_request` for anything else; `not_found` where the path leads nowhere
 */
export function rolesOfClaims(
  claims: Readonly<Record<string, unknown>>,
  { rolesClaimPath, rolesClaimName }: RolesClaim,
): readonly string[] {
  const value =
    rolesClaimPath === ''
      ? (ownMember(claims, rolesClaimName) ?? [])
      : splitPath(rolesClaimPath).reduce<unknown>(requireMember, claims)
  const roles: readonly unknown[] =
    typeof value === 'string' ? value.split(/\s*,\s*/).filter(role => role !== '') : asList(value)
  if (roles.every(role => typeof role === 'string')) return roles
  throw fail('badRequest', 'Malformed token')
}

function splitPath(path: string): string[] {
  return path.split(/(?<!\\)\./).map(name => name.replaceAll('\\.', '.'))
}

function requireMember(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('jsonMismatch')
  const found = ownMember(value as Readonly<Record<string, unknown>>, name)
  if (found === undefined) throw fail('missingJsonKey', name)
  return found
}

function ownMember(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw fail('badRequest', 'Malformed token')
}
