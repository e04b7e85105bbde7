import { randomBytes } from 'node:crypto'
import { type HashSettings, type PasswordHasher, SERVER_ITSELF } from '../passwords/hasher.ts'
import { formatAdminPassword, isPrf, parseAdminPassword } from '../passwords/stored-password.ts'
import { DEFAULT_ADMIN, type NamedAdmin } from './overrides.ts'
import type { Values } from './values.ts'

/** The section whose values are passwords, and are hashed before they are kept. */
export const ADMINS = 'admins'

/** The value as it is kept: a plain password is hashed, a hash stays. */
export async function hashAdminValue(text: string, values: Values, hasher: PasswordHasher): Promise<string> {
  if (parseAdminPassword(text) !== undefined) return text
  return formatAdminPassword(await hasher.hash(text, hashSettings(values), SERVER_ITSELF))
}

/** Returns the settings by which new passwords are hashed. */
export function hashSettings(values: Values): HashSettings {
  const prf = values.text('chttpd_auth', 'pbkdf2_prf')
  return {
    scheme: values.text('chttpd_auth', 'password_scheme') === 'simple' ? 'simple' : 'pbkdf2',
    prf: isPrf(prf) ? prf : 'sha256',
    iterations: Math.max(1, values.integer('chttpd_auth', 'iterations')),
  }
}

/**
 * Returns the administrator to write at this start: the one that is named, if it is not there or has another password;
 * one with a generated password, if there is none at all.
 */
export async function adminToWrite(
  values: Values,
  named: NamedAdmin | undefined,
  hasher: PasswordHasher,
): Promise<NamedAdmin | undefined> {
  const admins = values.section(ADMINS)
  if (named !== undefined)
    return (await hasPassword(admins.get(named.name), named, hasher)) ? undefined : named
  if (admins.size > 0) return undefined
  return { name: DEFAULT_ADMIN, password: randomBytes(18).toString('base64url') }
}

async function hasPassword(
  stored: string | undefined,
  { password }: NamedAdmin,
  hasher: PasswordHasher,
): Promise<boolean> {
  const parsed = stored === undefined ? undefined : parseAdminPassword(stored)
  return parsed !== undefined && (await hasher.verify(password, parsed, SERVER_ITSELF))
}

export const USER_WITHOUT_PASSWORD =
  'COUCHDB_USER is set without COUCHDB_PASSWORD: no administrator was made of it; set both.'
