import { isArray, isObject, jsonOf } from './builtins.ts'
import type { GuestError } from './host.ts'

/** Returns the answer for what a function throws. (CouchDB: share/server/dispatch-quickjs.js, handleError) */
export function describe(thrown: unknown): GuestError {
  if (isProtocolError(thrown)) return ['error', String(thrown[1]), thrown[2]]
  // The engine throws null where there is no memory for an error.
  if (thrown === null) return ['error', 'InternalError', 'out of memory']
  const { error, reason, name, message, stack } = membersOf(thrown)
  if (name === 'InternalError') return ['error', name, message]
  if (error && reason) return ['error', String(error), reason]
  // The members of an error are not enumerable, so that its JSON is {}.
  if (name) return ['error', String(name), thrown]
  return ['error', 'unnamed_error', stack]
}

/** Returns the JSON of an error. */
export function errorText(error: GuestError): string {
  return `["${error[0]}",${jsonOf(error[1])},${jsonOf(error[2])}]`
}

/** Returns whether an error must end the command, and not only the call of one function. */
export function isFatal(thrown: unknown): boolean {
  return (
    thrown === null ||
    (isArray(thrown) && thrown[0] === 'fatal') ||
    membersOf(thrown).name === 'InternalError'
  )
}

/** Returns whether an error is in the form of the query server protocol: `["error", name, reason]`. */
export function isProtocolError(thrown: unknown): thrown is unknown[] {
  return isArray(thrown) && (thrown[0] === 'error' || thrown[0] === 'fatal')
}

/** The members of a thrown value; none where it has none. */
export function membersOf(thrown: unknown): Record<string, unknown> {
  return isObject(thrown) ? thrown : {}
}
