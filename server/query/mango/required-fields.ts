import type { JsonObject } from '../../../protocol/json-value.ts'
import { only } from '../../../protocol/selector/node.ts'

/**
 * The fields of a list that a document may lack and still be selected. (CouchDB: mango_selector:has_required_fields/2)
 *
 * @param node a normalized selector
 */
export function fieldsNotRequired(node: JsonObject, fields: readonly string[]): readonly string[] {
  if (fields.length === 0 || Object.keys(node).length === 0) return fields
  const [name, operand] = only(node)
  if (name === '$and')
    return (operand as JsonObject[]).reduce((left, child) => fieldsNotRequired(child, left), fields)
  if (name === '$or') {
    const lacking = (operand as JsonObject[]).map(child => new Set(fieldsNotRequired(child, fields)))
    return fields.filter(field => lacking.some(left => left.has(field)))
  }
  const [operator, value] = only(operand as JsonObject)
  if (operator === '$exists' && value === false) return fields
  return fields.filter(field => field !== name)
}

/** Returns whether a selector fixes a field to one value. */
export function isConstant(node: JsonObject, field: string): boolean {
  if (Object.keys(node).length === 0) return false
  const [name, operand] = only(node)
  if (name === '$and') return (operand as JsonObject[]).some(child => isConstant(child, field))
  return name === field && only(operand as JsonObject)[0] === '$eq'
}
