import { fail } from '../errors.ts'
import { isJsonObject, type JsonValue } from '../json-value.ts'

/** Says that a field is not there: `missing`, or `badPath` where the way to it leads through what is no container. */
export type Absent = 'missing' | 'badPath'

/** The value at a path, or the reason why there is none. */
export type FieldLookup = { readonly value: JsonValue } | { readonly absent: Absent }

const UNESCAPED_DOT = /(?<!\\)\./

/** Parts of one field: `[couchette] max_document_depth` is 1000 by default. */
const MAX_PARTS = 5000
/** Parts of all fields of a selector or of a list together: each is kept. */
const MAX_PARTS_TOGETHER = 100_000

/** The paths of fields that are named together, each parsed once. */
export class FieldPaths {
  readonly #paths = new Map<string, readonly string[]>()
  #parts = 0

  /** Parses a field's name. @throws `invalid_field_name` as {@link parseFieldPath}; `bad_request` where there are too many parts */
  of(field: string): readonly string[] {
    const known = this.#paths.get(field)
    if (known !== undefined) return known
    const path = parseFieldPath(field)
    this.#parts += path.length
    if (this.#parts > MAX_PARTS_TOGETHER) throw fail('fieldsTooDeep')
    this.#paths.set(field, path)
    return path
  }
}

/** Returns the paths of a list of fields. @throws as {@link FieldPaths.of} */
export function pathsOf(fields: readonly string[]): (readonly string[])[] {
  const paths = new FieldPaths()
  return fields.map(field => paths.of(field))
}

/**
 * Splits the name of a field into its path: "a.b" is `b` in `a`, "a\\.b" is the field called "a.b".
 * (CouchDB: mango_util:parse_field/1)
 *
 * @throws `invalid_field_name` where a part is empty; `bad_request` where there are too many
 */
export function parseFieldPath(field: string): readonly string[] {
  const parts = field.includes('\\') ? field.split(UNESCAPED_DOT) : field.split('.')
  if (parts.length > MAX_PARTS) throw fail('fieldsTooDeep')
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
