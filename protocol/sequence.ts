import { fail } from './errors.ts'

declare const brand: unique symbol

/** An update sequence as clients see it: "12-<suffix>". They may rely on the number in front and nothing else. */
export type Seq = string & { readonly [brand]: 'Seq' }

/**
 * `number` counts a database's changes; `suffix` is its instance id, which tells a re-created database from the old one.
 */
export function formatSeq(number: number, suffix: string): Seq {
  return `${number}-${suffix}` as Seq
}

/** Bytes of an instance id; the last one is the sum of the others. */
const SUFFIX_BYTES = 9

/**
 * Makes an instance id of random bytes. Its last byte checks the others, so that what was never a sequence of any
 * database differs from a sequence of one that was deleted.
 */
export function makeSuffix(random: Uint8Array): string {
  const bytes = Buffer.from(random.subarray(0, SUFFIX_BYTES))
  bytes[SUFFIX_BYTES - 1] = sumOf(bytes)
  return bytes.toString('base64url')
}

/** A sequence that a client sent back: its number, and the suffix when there is one. */
export interface ParsedSeq {
  readonly number: number
  readonly suffix: string | undefined
}

const SEQ = /^"?(?:(\d{1,15})(?:-|(?="?$)))?([\w-]*)"?$/

/** CouchDB's own: an Erlang term, compressed or not, in URL-safe base64. */
const COUCHDB_SUFFIX = /^g(?:1A|2w)[\w-]{8,}$/

/**
 * Parses a sequence: "12-<suffix>", the same in JSON quotes, or a bare number, as users of curl write it. A sequence of
 * another database or server is well formed too.
 *
 * @param own the suffix of the database
 * @throws `bad_request` "Malformed sequence supplied in 'since' parameter."
 */
export function parseSeq(value: string | number, own: string): ParsedSeq {
  const match = SEQ.exec(String(value))
  const [, digits, suffix = ''] = match ?? []
  if (match === null || (digits === undefined && suffix === '')) throw fail('malformedSeq')
  const number = Number(digits ?? 0)
  if (suffix === '') {
    if (/-"?$/.test(match[0])) throw fail('malformedSeq')
    return { number, suffix: undefined }
  }
  const isKnown = digits === undefined ? COUCHDB_SUFFIX.test(suffix) : suffix === own || isSuffix(suffix)
  if (!isKnown) throw fail('malformedSeq')
  return { number, suffix }
}

/** Returns the parts of a sequence that a Couchette gave out; undefined for those of other servers. */
export function couchetteSeq(value: string | number): { number: number; instance: string } | undefined {
  const [, digits = '', instance = ''] = /^(\d{1,15})-([\w-]+)$/.exec(String(value)) ?? []
  if (digits === '' || COUCHDB_SUFFIX.test(instance) || !isSuffix(instance)) return undefined
  return { number: Number(digits), instance }
}

function isSuffix(text: string): boolean {
  if (COUCHDB_SUFFIX.test(text)) return true
  const bytes = Buffer.from(text, 'base64url')
  return text.length === 12 && bytes.length === SUFFIX_BYTES && bytes[SUFFIX_BYTES - 1] === sumOf(bytes)
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (let offset = 0; offset < SUFFIX_BYTES - 1; offset++) sum += bytes[offset] ?? 0
  return sum & 0xff
}
