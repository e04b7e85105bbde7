/*
 * What JavaScript has built in, kept before a design document can replace it. CouchDB's functions share their global
 * object with the program that runs them.
 */

export const { parse, stringify } = JSON
export const { isArray } = Array
export const { freeze, keys: namesOf } = Object
const { create } = Object
export const { now } = Date

/** Runs a script in the global scope. */
export const evaluate = globalThis.eval as (code: string) => unknown

const { SyntaxError } = globalThis

export function isSyntaxError(thrown: unknown): boolean {
  return thrown instanceof SyntaxError
}

/** The global object of the design document's functions. */
export const scope = globalThis as unknown as Record<string, unknown>

/** Returns an object without a prototype, which nothing that a design document changed can reach. */
export function bare<Value>(): Record<string, Value> {
  return create(null) as Record<string, Value>
}

/** Returns the JSON of a value of a function's; null where it has none. */
export function jsonOf(value: unknown): string {
  return stringify(value) ?? 'null'
}

/**
 * Returns a JSON array. Answers are put together as text and by index: a design document may have changed iterators, the
 * methods of arrays, and with a `toJSON` how they are written.
 *
 * @param itemAt JSON of an item
 */
export function jsonList<Item>(items: readonly Item[], itemAt: (item: Item) => string): string {
  let text = '['
  for (let at = 0; at < items.length; at++) text += (at > 0 ? ',' : '') + itemAt(items[at] as Item)
  return `${text}]`
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
