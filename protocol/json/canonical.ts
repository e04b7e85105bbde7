import { withoutDuplicates } from './duplicates.ts'
import { JsonScanner } from './scanner.ts'
import { runSteps, type Steps } from '../steps.ts'

export interface CanonicalJson {
  /** The text as CouchDB prints it; part of the input when that was already so. */
  readonly text: Buffer
  /** The value in Erlang's external term format, without the version byte. */
  readonly term: Buffer | undefined
}

/**
 * Checks JSON as CouchDB 3.5 does and gives it CouchDB's spelling: no white space, numbers in their shortest form with
 * integers and floats kept apart, as few escapes as possible, the last of duplicate members in the last place.
 *
 * @param options `term`: also compute the Erlang term
 * @throws `bad_request` "invalid UTF-8 JSON"
 */
export function canonicalize(json: Uint8Array, options: { readonly term: boolean }): CanonicalJson {
  return runSteps(canonicalizeInSteps(json, options))
}

/** As `canonicalize`, for long texts. */
export function* canonicalizeInSteps(
  json: Uint8Array,
  options: { readonly term: boolean },
): Steps<CanonicalJson> {
  const scanner = new JsonScanner(json, options)
  const result = yield* scanOne(scanner)
  if (!scanner.hasSuspiciousKeys) return result
  const unique = yield* withoutDuplicates(scanner.source)
  return unique === scanner.source ? result : yield* scanOne(new JsonScanner(unique, options))
}

/** The text of `canonicalize` alone. */
export function canonicalJson(json: Uint8Array): Buffer {
  return canonicalize(json, { term: false }).text
}

/** The Erlang term of a JSON text, without the version byte. */
export function externalTerm(json: Uint8Array): Buffer {
  return canonicalize(json, { term: true }).term!
}

function* scanOne(scanner: JsonScanner): Steps<CanonicalJson> {
  const { text, source } = scanner
  yield* scanner.valueInSteps()
  const { position } = scanner
  const term = scanner.term?.take()
  if (text.position === 0) {
    const whole = source.subarray(scanner.run, position)
    scanner.end()
    return { text: whole, term }
  }
  scanner.flush(position)
  const whole = text.take()
  scanner.run = position
  scanner.end()
  return { text: whole, term }
}
