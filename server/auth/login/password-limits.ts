import type { Config } from '../../config/config.ts'
import { PRFS, type StoredPassword } from '../../passwords/stored-password.ts'

/** Longer salts add nothing but time to each check. */
export const MAX_SALT_CHARACTERS = 1024

const SHA1_DIGITS = 40

/**
 * Returns the most iterations that a user's document may ask for. Whoever writes one chooses how long this server
 * computes; what the configuration asks for itself is always allowed.
 */
export function maxIterations(config: Config): number {
  const own = config.integer('couchette', 'max_password_iterations')
  const configured = config.integer('chttpd_auth', 'iterations')
  return Math.min(config.integer('chttpd_auth', 'max_iterations'), Math.max(own, configured))
}

/**
 * Returns whether a salt makes a session's key another one than the server's secret alone. HMAC pads its keys with
 * zeros, so that a salt of zeros is as good as none.
 */
export function isUsableSalt(salt: string): boolean {
  return salt.length <= MAX_SALT_CHARACTERS && /[^\0]/.test(salt)
}

/** Returns whether a password can match the hash at all: one of another length costs time and never does. */
export function isUsablePassword(stored: StoredPassword): boolean {
  if (!isUsableSalt(stored.salt)) return false
  if (stored.scheme === 'simple') return stored.sha.length === SHA1_DIGITS
  return stored.derivedKey.length === 2 * PRFS[stored.prf].bytes
}
