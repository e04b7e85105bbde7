import { fail } from './errors.ts'
import { SERVER_ADMIN_ROLE, type UserContext } from './user-context.ts'

/** Admins and members of a database, from its `_security` object, whose other members are kept without meaning. */
export interface Security {
  readonly admins: Group
  readonly members: Group
}

export interface Group {
  readonly names: readonly string[]
  readonly roles: readonly string[]
}

const NOBODY: Group = { names: [], roles: [] }

/** The `_security` of a database where none was set: administrators of the server only. */
export const ADMINS_ONLY = '{"members":{"roles":["_admin"]},"admins":{"roles":["_admin"]}}'

/** Default security of a database under `[couchdb] default_security = everyone`. */
export const EVERYBODY = '{}'

/**
 * Reads a `_security` object (`couch_db:validate_security_object/1`). Without `members` the older name `readers` is
 * looked at.
 *
 * @throws `bad_request` where it is no object, or names and roles are no lists of strings. CouchDB answers 500 to these.
 */
export function parseSecurity(value: unknown): Security {
  const { admins, members, readers } = asObject(value, 'Security object')
  return { admins: parseGroup(admins, 'admins'), members: parseGroup(members ?? readers, 'members') }
}

/** Administrators of the server are administrators of every database. */
export function isDatabaseAdmin(user: UserContext, { admins }: Security): boolean {
  return user.roles.includes(SERVER_ADMIN_ROLE) || isIn(user, admins)
}

/** A database without any member is open to everybody. */
export function isMember(user: UserContext, security: Security): boolean {
  const { members } = security
  if (members.names.length === 0 && members.roles.length === 0) return true
  return isDatabaseAdmin(user, security) || isIn(user, members)
}

function isIn({ name, roles }: UserContext, group: Group): boolean {
  return (name !== null && group.names.includes(name)) || roles.some(role => group.roles.includes(role))
}

function parseGroup(value: unknown, name: string): Group {
  if (value === undefined) return NOBODY
  const { names, roles } = asObject(value, name)
  return { names: parseList(names, 'names'), roles: parseList(roles, 'roles') }
}

function parseList(value: unknown, name: string): readonly string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every(entry => typeof entry === 'string')) return value
  throw fail('badRequest', `${name} must be a JSON list of strings`)
}

function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw fail('badRequest', `${name} must be a JSON object`)
}
