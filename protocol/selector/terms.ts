import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts'

/** The name of a value's type, as `$type` asks for it. */
export function typeName(value: JsonValue): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/**
 * Returns whether two values are the same Erlang term: strings by code units, objects with members in the same order.
 */
export function sameTerm(a: JsonValue, b: JsonValue): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && sameElements(a, b)
  if (isJsonObject(a)) return isJsonObject(b) && sameMembers(a, b)
  return a === b
}

function sameElements(a: JsonValue[], b: JsonValue[]): boolean {
  return a.length === b.length && a.every((element, i) => sameTerm(element, b[i] as JsonValue))
}

function sameMembers(a: JsonObject, b: JsonObject): boolean {
  const names = Object.keys(b)
  const entries = Object.entries(a)
  if (names.length !== entries.length) return false
  return entries.every(([name, value], i) => name === names[i] && sameTerm(value, b[name] as JsonValue))
}
