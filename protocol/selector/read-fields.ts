import { bufferOf } from '../bytes.ts'
import { decodeValue } from '../json/decode-value.ts'
import { FieldLocator } from '../json/field-locator.ts'
import type { JsonObject } from '../json-value.ts'
import { parseFieldPath } from './field-path.ts'
import { isOperator, only } from './node.ts'

/** A document whose body is text still. */
export interface StoredText {
  readonly id: string
  readonly rev: string
  /** As it is stored: JSON without the members that start with "_". */
  readonly body: Uint8Array
}

/** Reads of a document what a selector looks at. */
export type FieldReader = (document: StoredText) => JsonObject

/**
 * A reader of the members that a selector looks at, which leaves the others unparsed; undefined where it looks at the
 * whole document, or at metadata other than `_id` and `_rev`.
 *
 * @param selector in normal form
 */
export function fieldReader(selector: JsonObject): FieldReader | undefined {
  const names = new Set<string>()
  if (Object.keys(selector).length > 0 && !collectMembers(selector, names)) return undefined
  const [seesId, seesRev] = [names.delete('_id'), names.delete('_rev')]
  if ([...names].some(name => name.startsWith('_'))) return undefined
  const wanted = [...names]
  const locator = new FieldLocator(wanted.map(name => [name]))
  return ({ id, rev, body }) => {
    const document: JsonObject = {}
    if (seesId) document._id = id
    if (seesRev) document._rev = rev
    if (wanted.length === 0) return document
    locator.locate(body)
    const bytes = bufferOf(body)
    for (const [index, name] of wanted.entries()) {
      const start = locator.starts[index] as number
      if (start >= 0) document[name] = decodeValue(bytes.toString('utf8', start, locator.ends[index]))
    }
    return document
  }
}

/** Collects the names of members that a selector looks at; returns false if it may look at others. */
function collectMembers(node: JsonObject, names: Set<string>): boolean {
  const [name, operand] = only(node)
  if (!isOperator(name)) {
    const [member = ''] = name === '' ? [] : parseFieldPath(name)
    names.add(member)
    return member !== ''
  }
  return (
    ['$and', '$or', '$nor'].includes(name) &&
    (operand as JsonObject[]).every(argument => collectMembers(argument, names))
  )
}
