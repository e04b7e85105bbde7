import { randomBytes } from 'node:crypto'
import type { HashSettings, PasswordHasher } from '../auth/hasher.ts'
import { formatAdminPassword, isPrf, parseAdminPassword } from '../auth/stored-password.ts'
import type { NamedAdmin } from './overrides.ts'
import type { Values } from './values.ts'

const DEFAULT_ADMIN = 'admin'

/** The section whose values are passwords, and are hashed before they are kept. */
export const ADMINS = 'admins'

/** The value as it is kept: a plain password is hashed, a hash stays. */
export async function hashAdminValue(text: string, values: Values, hasher: PasswordHasher): Promise<string> {
  if (parseAdminPassword(text) !== undefined) return text
  return formatAdminPassword(await hasher.hash(text, hashSettings(values)))
}

/** How new passwords are to be hashed. */
export function hashSettings(values: Values): HashSettings {
  const prf = values.text('chttpd_auth', 'pbkdf2_prf')
  return {
    scheme: values.text('chttpd_auth', 'password_scheme') === 'simple' ? 'simple' : 'pbkdf2',
    prf: isPrf(prf) ? prf : 'sha256',
    iterations: Math.max(1, values.integer('chttpd_auth', 'iterations')),
  }
}

/** The administrator to make at this start: the environment's if it is not there yet, one of our own if there is none. */
export function adminToMake(values: Values, named: NamedAdmin | undefined): NamedAdmin | undefined {
  const admins = values.section(ADMINS)
  if (named !== undefined) return admins.has(named.name) ? undefined : named
  if (admins.size > 0) return undefined
  return { name: DEFAULT_ADMIN, password: randomBytes(18).toString('base64url') }
}
