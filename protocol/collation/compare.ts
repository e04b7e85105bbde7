import type { JsonValue } from '../json-value.ts'
import { comparer } from './comparer.ts'
import { compareStrings } from './strings.ts'

/**
 * Compares two values in the order of view keys: `null`, `false`, `true`, numbers, strings in the order of the CLDR
 * root collation, arrays, objects by their members in the order in which they stand. Returns -1, 0 or 1; strings that
 * the collation holds for equal are equal. (CouchDB: couch_ejson_compare:less/2)
 */
export const compareJson = comparer(typeRank, compareStrings)

function typeRank(value: JsonValue): number {
  if (value === null) return 0
  if (typeof value === 'boolean') return value ? 2 : 1
  if (typeof value === 'number') return 3
  if (typeof value === 'string') return 4
  return Array.isArray(value) ? 5 : 6
}
