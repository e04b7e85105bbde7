import { fail } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts'
import { erlangText } from './erlang-text.ts'
import { isOperator, only, single } from './node.ts'
import { pushDownNegations } from './negate.ts'
import { checkOperand } from './operators.ts'

const LISTS = new Set(['$and', '$or', '$nor'])
const NESTED = new Set(['$not', '$elemMatch', '$allMatch', '$keyMapMatch'])
const OWN_FIELDS = new Set(['$elemMatch', '$allMatch', '$keyMapMatch'])
/** Most characters of all names that are joined. */
const MAX_JOINED_NAMES = 1_000_000

/** Characters that may still be joined. */
interface NameRoom {
  left: number
}

/**
 * The one shape that a selector is compiled from: every object has one member, conditions are explicit operators, the
 * names of nested fields are joined ("a.b") and negations stand at the conditions.
 * (CouchDB: mango_selector:normalize/1)
 *
 * @throws `bad_arg`, `invalid_operator`, `not_supported`, `bad_field`, `invalid_selector`; `bad_request` where
 *   joined names are too long
 */
export function normalizeSelector(selector: JsonObject): JsonObject {
  if (Object.keys(selector).length === 0) return selector
  const normalized = pushDownNegations(joinFields(makeExplicit(selector), '', { left: MAX_JOINED_NAMES }))
  if (Object.hasOwn(normalized, '')) throw fail('missingFieldName')
  return normalized
}

function makeExplicit(condition: JsonValue): JsonObject {
  if (!isJsonObject(condition)) return single('$eq', condition)
  const entries = Object.entries(condition)
  const [first] = entries
  if (first === undefined) return single('$eq', condition)
  if (entries.length > 1)
    return single(
      '$and',
      entries.map(([name, value]) => makeExplicit(single(name, value))),
    )
  return isOperator(first[0])
    ? explicitOperator(first[0], first[1])
    : single(first[0], makeExplicit(first[1]))
}

function explicitOperator(name: string, operand: JsonValue): JsonObject {
  checkOperand(name, operand)
  if (LISTS.has(name)) return single(name, (operand as JsonValue[]).map(makeExplicit))
  if (NESTED.has(name)) return single(name, makeExplicit(operand))
  return name === '$text' ? single('$default', single('$text', operand)) : single(name, operand)
}

function joinFields(node: JsonObject, path: string, room: NameRoom): JsonObject {
  const [name, operand] = only(node)
  if (LISTS.has(name)) {
    return single(
      name,
      (operand as JsonObject[]).map(argument => joinFields(argument, path, room)),
    )
  }
  if (name === '$not') return single(name, joinFields(operand as JsonObject, path, room))
  if (OWN_FIELDS.has(name)) return single(path, single(name, joinFields(operand as JsonObject, '', room)))
  if (name === '$default') return textField(node, path)
  if (isOperator(name)) return single(path, node)
  return joinFields(operand as JsonObject, path === '' ? name : joinName(path, name, room), room)
}

/** A long name around many others is part of each of them. */
function joinName(path: string, name: string, room: NameRoom): string {
  room.left -= path.length + name.length
  if (room.left < 0) throw fail('badRequest', 'The names of nested fields of the selector are too long.')
  return `${path}.${name}`
}

/** `$text` searches the whole document, so it stands alone at the root. */
function textField(node: JsonObject, path: string): JsonObject {
  if (path !== '' || !isTextCondition(node.$default)) throw fail('badField', erlangText(node))
  return node
}

function isTextCondition(condition: JsonValue | undefined): boolean {
  return isJsonObject(condition) && Object.keys(condition).join() === '$text'
}
