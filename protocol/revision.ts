import { fail } from './errors.ts'

declare const brand: unique symbol

/** A revision id, `generation-hash`: "3-917fa2381192822767f010b95b45325b". */
export type Rev = string & { readonly [brand]: 'Rev' }

const MAX_GENERATION_DIGITS = 15

/**
 * Parses a revision as CouchDB does (`couch_doc:parse_rev/1`): the generation is an integer, so "+2-a" is "2-a" and
 * "007-a" is "7-a"; a hash of 32 hex digits is a number and lower-cased; any other hash is kept as it is.
 *
 * @throws `bad_request` "Invalid rev format"
 */
export function parseRev(value: unknown): Rev {
  if (typeof value !== 'string') throw fail('invalidRev')
  const dash = value.indexOf('-', value.startsWith('-') ? 1 : 0)
  if (dash < 1) throw fail('invalidRev')
  const digits = value.slice(0, dash)
  if (!/^[+-]?\d+$/.test(digits) || digits.length > MAX_GENERATION_DIGITS) throw fail('invalidRev')
  return makeRev(Number(digits), value.slice(dash + 1))
}

/** A revision from its parts; the hash may be any text. */
export function makeRev(generation: number, hash: string): Rev {
  return `${generation}-${normalizeHash(hash)}` as Rev
}

/** Hashes of 32 hex digits are numbers to CouchDB, and so come back in lower case; others compare as bytes. */
export function normalizeHash(hash: string): string {
  return hash.length === 32 && /^[0-9a-fA-F]{32}$/.test(hash) ? hash.toLowerCase() : hash
}

export function generationOf(rev: Rev): number {
  return Number(rev.slice(0, rev.indexOf('-', 1)))
}

export function hashOf(rev: Rev): string {
  return rev.slice(rev.indexOf('-', 1) + 1)
}
