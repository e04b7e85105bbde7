import { fail } from '../../../protocol/errors.ts'
import { isUsableSalt } from '../login/password-limits.ts'
import { isUsableTotp } from '../login/totp.ts'
import { parseTotp } from '../user-record.ts'
import type { DocumentObject } from './user-document.ts'

/**
 * Bounds what a user's own document may make this server compute at a login. Administrators may store anything, so that
 * users databases replicate; what is beyond the bounds does not log anybody in.
 *
 * @param maxIterations of PBKDF2
 * @throws `forbidden`
 */
export function checkOwnLimits(document: DocumentObject, maxIterations: number): void {
  const { iterations, salt, derived_key: derivedKey, password_sha: sha, totp } = document
  if (iterations !== undefined && !isWithin(iterations, maxIterations)) {
    throw fail('forbidden', `iterations must be an integer from 1 to ${maxIterations}.`)
  }
  const isHashed = derivedKey !== undefined || sha !== undefined
  const hasSalt = typeof salt === 'string' && isUsableSalt(salt)
  if ((isHashed || salt !== undefined) && !hasSalt) {
    throw fail('forbidden', 'salt must be a string of 1 to 1024 characters.')
  }
  if (totp !== undefined && !isUsableTotp(parseTotp(totp))) {
    throw fail('forbidden', 'totp must have a key in Base32, a known algorithm and a length of 1 to 10.')
  }
}

function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
}
