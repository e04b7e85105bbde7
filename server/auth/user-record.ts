import { isUsablePassword } from './login/password-limits.ts'
import { isPrf, parseAdminPassword, type StoredPassword } from '../passwords/stored-password.ts'

/** An account: an administrator of the configuration, or a document of `_users`. */
export interface UserRecord {
  readonly name: string
  readonly roles: readonly string[]
  readonly salt: string
  /** `undefined` where the document has none that can be checked: nobody logs in with it. */
  readonly password: StoredPassword | undefined
  /** A second factor: then Basic authentication is refused, and a login wants a token. */
  readonly totp: Totp | undefined
  /** The document's revision; administrators of the configuration have none. */
  readonly rev: string | undefined
}

/** RFC 6238, as CouchDB keeps it in the member `totp`. */
export interface Totp {
  /** Base32. */
  readonly key: string
  readonly algorithm: string
  readonly length: number
}

/** Reads a document of `_users`; members of the wrong type count as absent. */
export function userOfDocument(
  name: string,
  rev: string,
  document: Readonly<Record<string, unknown>>,
): UserRecord {
  const { roles, salt, totp } = document
  return {
    name,
    rev,
    roles: Array.isArray(roles) ? roles.filter(role => typeof role === 'string') : [],
    salt: typeof salt === 'string' ? salt : '',
    password: usablePassword(document),
    totp: totp === undefined ? undefined : parseTotp(totp),
  }
}

/** An entry of `[admins]`; `undefined` for a plain password, which is hashed before anybody can use it. */
export function userOfAdmin(
  name: string,
  value: string,
  otherRoles: readonly string[],
): UserRecord | undefined {
  const password = parseAdminPassword(value)
  if (password === undefined) return undefined
  return {
    name,
    rev: undefined,
    roles: ['_admin', ...otherRoles],
    salt: password.salt,
    password,
    totp: undefined,
  }
}

function usablePassword(document: Readonly<Record<string, unknown>>): StoredPassword | undefined {
  const stored = passwordOfDocument(document)
  return stored !== undefined && isUsablePassword(stored) ? stored : undefined
}

function passwordOfDocument(document: Readonly<Record<string, unknown>>): StoredPassword | undefined {
  const {
    password_scheme: scheme = 'simple',
    salt = '',
    password_sha: sha,
    derived_key: derivedKey,
  } = document
  if (typeof salt !== 'string') return undefined
  if (scheme === 'simple') return typeof sha === 'string' ? { scheme, salt, sha } : undefined
  const { pbkdf2_prf: prf = 'sha', iterations = 10_000 } = document
  if (scheme !== 'pbkdf2' || typeof derivedKey !== 'string' || !isPrf(prf)) return undefined
  if (typeof iterations !== 'number' || !Number.isInteger(iterations) || iterations < 1) return undefined
  return { scheme, prf, salt, iterations, derivedKey }
}

/** One that cannot be read still keeps Basic authentication out. */
export function parseTotp(value: unknown): Totp {
  const { key, algorithm = 'sha', length = 6 } = (value ?? {}) as Record<string, unknown>
  return {
    key: typeof key === 'string' ? key : '',
    algorithm: typeof algorithm === 'string' ? algorithm : 'sha',
    length: typeof length === 'number' ? length : 6,
  }
}
