import { fail } from '../../../protocol/errors.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { lookUp, parseFieldPath } from '../../../protocol/selector/field-path.ts'

/**
 * The `fields` of `filter=_selector`: what `include_docs` shows of a document. An empty list is for all.
 *
 * @throws `fieldsNotArray`
 */
export function parseFields(fields: unknown): ((document: Buffer) => Buffer) | undefined {
  if (fields === undefined || fields === null) return undefined
  if (!Array.isArray(fields) || !fields.every(field => typeof field === 'string'))
    throw fail('fieldsNotArray')
  const paths = fields.map(parseFieldPath)
  if (paths.length === 0) return undefined
  return document => {
    const whole = JSON.parse(document.toString()) as JsonValue
    const shown: JsonObject = {}
    for (const path of paths) {
      const found = lookUp(whole, path)
      if ('value' in found) put(shown, path, found.value)
    }
    return Buffer.from(JSON.stringify(shown))
  }
}

function put(target: JsonObject, path: readonly string[], value: JsonValue): void {
  let place = target
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(place, name) ? place[name] : undefined
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) place = next
    else place = place[name] = {}
  }
  const last = path.at(-1)
  if (last !== undefined) place[last] = value
}
