/*
 * What JavaScript has built in, kept before a design document can replace it. CouchDB's functions share their global
 * object with the program that runs them.
 */

export const { parse, stringify } = JSON
export const { isArray } = Array
export const { freeze, keys: namesOf } = Object
export const { now } = Date

/** Runs a script in the global scope. */
export const evaluate = globalThis.eval as (code: string) => unknown

const { SyntaxError } = globalThis

export function isSyntaxError(thrown: unknown): boolean {
  return thrown instanceof SyntaxError
}

/** The global object of the design document's functions. */
export const scope = globalThis as unknown as Record<string, unknown>

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
