import type { JsonObject, JsonValue } from '../json-value.ts'

/** A node of a normalized selector: an object of one member. */
export function single(name: string, value: JsonValue): JsonObject {
  return { [name]: value }
}

/** The one member of a node. */
export function only(node: JsonObject): [name: string, value: JsonValue] {
  return Object.entries(node)[0] ?? ['', node]
}

export function isOperator(name: string): boolean {
  return name.startsWith('$')
}
