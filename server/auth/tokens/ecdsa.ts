import { type KeyObject, verify } from 'node:crypto'

/** The curve that RFC 7518 names for an algorithm. */
const CURVE: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
}

/** Bytes of each number of a signature, by curve. */
const NUMBER_BYTES: Readonly<Record<string, number>> = { prime256v1: 32, secp384r1: 48, secp521r1: 66 }

/** Returns whether a key is on another curve than RFC 7518 names for the algorithm: CouchDB takes any. */
export function isOnOtherCurve(algorithm: string, key: KeyObject): boolean {
  const curve = CURVE[algorithm]
  return curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== curve
}

/**
 * Verifies the signature of a token over its first two parts, with the algorithm's digest and the key's curve
 * (`jwtf:verify/5`). The two numbers of the signature may be padded for the algorithm's own curve.
 */
export function verifyEcdsa(token: string, algorithm: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.')
  const size = NUMBER_BYTES[key.asymmetricKeyDetails?.namedCurve ?? '']
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  if (size === undefined || signature.length === 0 || signature.length % 2 !== 0) return false
  const middle = signature.length / 2
  const r = resize(signature.subarray(0, middle), size)
  const s = resize(signature.subarray(middle), size)
  if (r === undefined || s === undefined) return false
  const digest = `sha${algorithm.slice(2)}`
  const signed = Buffer.from(token.slice(0, end))
  return verify(digest, signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat([r, s]))
}

/** Returns a big-endian number in so many bytes; undefined where it needs more. */
function resize(number: Buffer, size: number): Buffer | undefined {
  const surplus = number.length - size
  if (surplus <= 0) return Buffer.concat([Buffer.alloc(-surplus), number])
  return number.subarray(0, surplus).every(byte => byte === 0) ? number.subarray(surplus) : undefined
}
