import { fail } from '../errors.ts'
import { runSteps, type Steps } from '../steps.ts'
import { canonicalizeInSteps } from './canonical.ts'
import { OPEN_BRACE } from './characters.ts'
import { decodeInSteps, decodeMembersInSteps } from './decode-in-steps.ts'

/**
 * The value of a JSON text, for requests in which a number's spelling and the order of members do not matter.
 * Members named `__proto__` are ordinary own properties, as `JSON.parse` makes them.
 *
 * @throws `bad_request` "invalid UTF-8 JSON", by the same rules as for documents
 */
export function parseJson(json: Uint8Array): unknown {
  return runSteps(parseJsonInSteps(json))
}

/** As `parseJson`, for long texts. */
export function* parseJsonInSteps(json: Uint8Array): Steps<unknown> {
  const { text } = yield* canonicalizeInSteps(json, { term: false })
  return yield* decodeInSteps(text)
}

/**
 * As `parseJson`, for an object that may have very many members.
 *
 * @throws `bad_request` "Request body must be a JSON object"
 */
export function* parseMembersInSteps(json: Uint8Array): Steps<(readonly [name: string, value: unknown])[]> {
  const { text } = yield* canonicalizeInSteps(json, { term: false })
  if (text[0] !== OPEN_BRACE) throw fail('bodyNotObject')
  return yield* decodeMembersInSteps(text)
}

/** As `parseJson`, for a value that must be an object. @throws `bad_request` "Request body must be a JSON object" */
export function parseJsonObject(json: Uint8Array): Record<string, unknown> {
  return requireObject(parseJson(json))
}

/** @throws `bad_request` "Request body must be a JSON object" */
export function requireObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('bodyNotObject')
  return value as Record<string, unknown>
}
