import { fail } from '../errors.ts'
import { isJsonObject, type JsonValue } from '../json-value.ts'

/** Says that a field is not there: `missing`, or `badPath` where the way to it leads through what is no container. */
export type Absent = 'missing' | 'badPath'

/** The value at a path, or the reason why there is none. */
export type FieldLookup = { readonly value: JsonValue } | { readonly absent: Absent }

const UNESCAPED_DOT = /(?<!\\)\./

/**
 * Splits the name of a field into its path: "a.b" is `b` in `a`, "a\\.b" is the field called "a.b".
 * (CouchDB: mango_util:parse_field/1)
 *
 * @throws `invalid_field_name` where a part is empty
 */
export function parseFieldPath(field: string): readonly string[] {
  const parts = field.includes('\\') ? field.split(UNESCAPED_DOT) : field.split('.')
  if (parts.includes('')) throw fail('invalidFieldName', field)
  return parts.map(part => part.replaceAll('\\', ''))
}

/** Follows a path into a value; numbers are indexes of arrays. */
export function lookUp(root: JsonValue, path: readonly string[]): FieldLookup {
  let value = root
  for (const name of path) {
    const next = step(value, name)
    if (next === undefined) return { absent: isJsonObject(value) ? 'missing' : 'badPath' }
    value = next
  }
  return { value }
}

function step(value: JsonValue, name: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^[+-]?\d+$/.test(name) ? value[Number(name)] : undefined
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
