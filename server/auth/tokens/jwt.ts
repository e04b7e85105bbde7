import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose'
import { type CouchError, fail } from '../../../protocol/errors.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import { isOnOtherCurve, verifyEcdsa } from './ecdsa.ts'
import { checkTimes, parseRequiredClaims, type RequiredClaim } from './jwt-claims.ts'
import { rolesOfClaims } from './jwt-roles.ts'

export interface JwtSettings {
  /** `[jwt_keys]`: `hmac:KID`, `rsa:KID`, `ec:KID`. */
  readonly keys: ReadonlyMap<string, string>
  readonly requiredClaims: string
  readonly rolesClaimPath: string
  readonly rolesClaimName: string
}

const SCHEME = 'Bearer '

/** The kind of key that an algorithm wants: a public key never serves as a secret. */
const KEY_KIND: Readonly<Record<string, string>> = {
  HS256: 'hmac',
  HS384: 'hmac',
  HS512: 'hmac',
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  ES256: 'ec',
  ES384: 'ec',
  ES512: 'ec',
}

/**
 * Reads a bearer token (`couch_httpd_auth:jwt_authentication_handler/1`). The signature is checked before the claims;
 * `exp` and `nbf` hold wherever they are, required or not.
 *
 * @throws `bad_request` for what is malformed or badly signed, `unauthorized` for a token that is over or names nobody
 */
export async function userOfJwt(
  header: string | undefined,
  settings: JwtSettings,
): Promise<UserContext | undefined> {
  if (header === undefined || !header.startsWith(SCHEME)) return undefined
  const claims = await verify(header.slice(SCHEME.length), settings)
  for (const claim of parseRequiredClaims(settings.requiredClaims)) checkClaim(claims, claim)
  if (typeof claims.sub !== 'string') throw fail('unauthorized', 'Token missing sub claim.')
  return { name: claims.sub, roles: rolesOfClaims(claims, settings), authenticated: 'jwt' }
}

/** Returns when a token that `userOfJwt` took is over, in milliseconds since 1970; Infinity for one without an end. */
export function endOfJwt(header: string): number {
  const { exp } = readClaims(header.slice(SCHEME.length))
  return typeof exp === 'number' ? exp * 1000 : Infinity
}

async function verify(token: string, settings: JwtSettings): Promise<JWTPayload> {
  const { alg, kid } = readHeader(token)
  const kind = Object.hasOwn(KEY_KIND, alg ?? '') ? KEY_KIND[alg ?? ''] : undefined
  if (alg === undefined || kind === undefined)
    throw invalid(alg === undefined ? 'Missing alg header parameter' : ALG)
  const key = findKey(settings.keys, kind, kid ?? '_default')
  if (isOnOtherCurve(alg, key)) return verifyOnOtherCurve(token, alg, key)
  try {
    return (await jwtVerify(token, key, { algorithms: [alg] })).payload
  } catch (error) {
    throw explain(error, kind)
  }
}

/** Verifies an ECDSA token whose key is on another curve than its algorithm names, which `jose` refuses and CouchDB takes. */
function verifyOnOtherCurve(token: string, algorithm: string, key: KeyObject): JWTPayload {
  if (!verifyEcdsa(token, algorithm, key)) throw invalid('Bad signature')
  const claims = readClaims(token)
  checkTimes(claims)
  return claims
}

function readClaims(token: string): JWTPayload {
  try {
    return decodeJwt(token)
  } catch {
    throw invalid('Malformed token')
  }
}

const ALG = 'Invalid alg header parameter'

function readHeader(token: string): { alg: string | undefined; kid: string | undefined } {
  if (token.split('.').length !== 3) throw invalid('Malformed token')
  try {
    const { alg, kid } = decodeProtectedHeader(token)
    return { alg, kid }
  } catch {
    throw invalid('Malformed token')
  }
}

/** Keys are few and change seldom; reading a PEM costs more than a signature. */
const imported = new Map<string, KeyObject>()
const MAX_IMPORTED = 1000

function findKey(keys: ReadonlyMap<string, string>, kind: string, kid: string): KeyObject {
  const text = keys.get(`${kind}:${kid}`)
  if (text === undefined) throw invalid('Unknown kid')
  const id = `${kind}:${text}`
  let key = imported.get(id)
  if (key === undefined) {
    if (imported.size >= MAX_IMPORTED) imported.clear()
    imported.set(id, (key = importKey(kind, text)))
  }
  return key
}

function importKey(kind: string, text: string): KeyObject {
  try {
    if (kind === 'hmac') return createSecretKey(text, 'base64')
    return createPublicKey(text.replaceAll('\\n', '\n'))
  } catch {
    throw fail('internal', 'JWT is not configured correctly')
  }
}

function checkClaim(claims: JWTPayload, { name, value }: RequiredClaim): void {
  const actual = claims[name]
  if (actual === undefined) throw invalid(`Missing ${name} claim`)
  if (value !== undefined && actual !== value) throw invalid(`Invalid ${name} claim`)
}

function explain(error: unknown, kind: string): CouchError {
  if (error instanceof errors.JWTExpired) return fail('unauthorized', 'exp not in future')
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf'
      ? fail('unauthorized', 'nbf not in past')
      : invalid(`Invalid ${error.claim} claim`)
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return invalid(kind === 'hmac' ? 'Bad HMAC' : 'Bad signature')
  }
  return invalid('Malformed token')
}

function invalid(reason: string): CouchError {
  return fail('badRequest', reason)
}
