import type { JWTPayload } from 'jose'
import { fail } from '../../../protocol/errors.ts'

/** A claim that a token must have, with the value that it must have where one is given. */
export interface RequiredClaim {
  readonly name: string
  readonly value: string | undefined
}

/**
 * Reads `[jwt_auth] required_claims`: `exp, {iss, "issuer"}`.
 *
 * @throws `internal` where it is neither empty nor of that form: nobody gets in by a typing error
 */
export function parseRequiredClaims(text: string): RequiredClaim[] {
  const claims = [...text.matchAll(/\{\s*([a-z]+)\s*,\s*"([^"]+)"\s*\}|([a-z]+)/g)].map(
    ([, pairName, value, name]) => ({ name: pairName ?? name ?? '', value }),
  )
  if (claims.length === 0 && text !== '') throw fail('internal', 'JWT is not configured correctly')
  return claims
}

/**
 * Checks when a token holds.
 *
 * @throws `bad_request` for times that are no numbers, `unauthorized` before `nbf` and from `exp` on
 */
export function checkTimes({ exp, nbf }: JWTPayload): void {
  const now = Math.floor(Date.now() / 1000)
  for (const [name, value] of Object.entries({ exp, nbf })) {
    if (value !== undefined && typeof value !== 'number') throw fail('badRequest', `Invalid ${name} claim`)
  }
  if (nbf !== undefined && nbf > now) throw fail('unauthorized', 'nbf not in past')
  if (exp !== undefined && exp <= now) throw fail('unauthorized', 'exp not in future')
}
