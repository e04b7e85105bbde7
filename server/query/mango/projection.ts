import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { lookUp, parseFieldPath } from '../../../protocol/selector/field-path.ts'

/** Picks fields of documents; those that are not there are left out. (CouchDB: mango_fields:extract/2) */
export function projection(fields: readonly string[]): (document: JsonObject) => JsonObject {
  const paths = fields.map(parseFieldPath)
  return document => {
    const picked: JsonObject = {}
    for (const path of paths) {
      const found = lookUp(document, path)
      if ('value' in found) place(picked, path, found.value)
    }
    return picked
  }
}

/** Puts a value at a path, with objects on the way. */
export function place(target: JsonObject, path: readonly string[], value: JsonValue): void {
  let object = target
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(object, name) ? object[name] : undefined
    if (isJsonObject(next)) object = next
    else object = define(object, name, {}) as JsonObject
  }
  define(object, path[path.length - 1] ?? '', value)
}

/** An own member, whatever its name. */
function define(object: JsonObject, name: string, value: JsonValue): JsonValue {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  return value
}
