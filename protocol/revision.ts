import { fail } from './errors.ts'

declare const brand: unique symbol

/** A revision id, `generation-hash`: "3-917fa2381192822767f010b95b45325b". */
export type Rev = string & { readonly [brand]: 'Rev' }

/** Longer generations would lose digits. */
const MAX_GENERATION_DIGITS = 15
/** Highest generation that is taken as it comes: edits on it still have generations that can be parsed. */
export const MAX_GENERATION = 1e14
const HEX_LENGTH = 32
const RAW_LENGTH = 16
const LOWER_HEX = /^[0-9a-f]{32}$/

/**
 * Parses a revision as CouchDB does (`couch_doc:parse_rev/1`): the generation is an integer, so "+2-a" is "2-a" and
 * "007-a" is "7-a"; for the hash see `parseHash`.
 *
 * @throws `bad_request` "Invalid rev format"
 */
export function parseRev(value: unknown): Rev {
  if (typeof value !== 'string') throw fail('invalidRev')
  const dash = value.indexOf('-')
  const digits = value.slice(0, Math.max(dash, 0))
  if (!/^\+?\d+$/.test(digits) || digits.length > MAX_GENERATION_DIGITS) throw fail('invalidRev')
  const hash = parseHash(value.slice(dash + 1))
  if (hash === undefined) throw fail('invalidRev')
  return `${Number(digits)}-${hash}` as Rev
}

/** Takes a text for a revision, unchecked: one that is stored, or that was made of a generation and a hash. */
export function asRev(text: string): Rev {
  return text as Rev
}

/** A revision from its parts; the hash may be any text that `parseHash` takes. */
export function makeRev(generation: number, hash: string): Rev {
  return `${generation}-${normalizeHash(hash)}` as Rev
}

/**
 * The hash of a revision as CouchDB shows it (`couch_doc:parse_revid/1`): 32 bytes are a hexadecimal number and come
 * back in lower case; 16 bytes are taken for the number itself; any other text stays as it is.
 *
 * @returns undefined when it has 32 bytes but is no hexadecimal number
 */
export function parseHash(hash: string): string | undefined {
  if (hash.length === HEX_LENGTH && LOWER_HEX.test(hash)) return hash
  if (hash.length > HEX_LENGTH || hash.length * 3 < RAW_LENGTH) return hash
  const bytes = Buffer.byteLength(hash)
  if (bytes === RAW_LENGTH) return Buffer.from(hash).toString('hex')
  return bytes === HEX_LENGTH ? parseHexadecimal(hash) : hash
}

/** Erlang's `list_to_integer(_, 16)` also takes a sign; CouchDB keeps the lowest 128 bits. */
function parseHexadecimal(text: string): string | undefined {
  const match = /^([+-]?)([0-9a-f]+)$/i.exec(text)
  if (match === null) return undefined
  const value = BigInt(`0x${match[2]!}`)
  return BigInt.asUintN(128, match[1] === '-' ? -value : value)
    .toString(16)
    .padStart(HEX_LENGTH, '0')
}

/** As `parseHash`, for text that is known to be a hash. */
export function normalizeHash(hash: string): string {
  return parseHash(hash) ?? hash
}

/** The bytes that CouchDB holds for a hash: 16 of a number, or the text's own. */
export function hashBytes(hash: string): Buffer {
  return LOWER_HEX.test(hash) ? Buffer.from(hash, 'hex') : Buffer.from(hash)
}

export function generationOf(rev: Rev): number {
  return Number(rev.slice(0, rev.indexOf('-')))
}

/** Returns whether `parseRev` takes revisions of a generation. */
export function isParsable(generation: number): boolean {
  return generation < 10 ** MAX_GENERATION_DIGITS
}

export function hashOf(rev: Rev): string {
  return rev.slice(rev.indexOf('-') + 1)
}
