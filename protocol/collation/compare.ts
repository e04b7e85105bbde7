import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts'
import { compareStrings } from './strings.ts'

/**
 * Compares two values in the order of view keys: `null`, `false`, `true`, numbers, strings in the order of the CLDR
 * root collation, arrays, objects by their members in the order in which they stand. Returns -1, 0 or 1; strings that
 * the collation holds for equal are equal. (CouchDB: couch_ejson_compare:less/2)
 */
export function compareJson(a: JsonValue, b: JsonValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  const rankA = typeRank(a)
  const rankB = typeRank(b)
  if (rankA !== rankB) return rankA < rankB ? -1 : 1
  if (Array.isArray(a)) return compareArrays(a, b as JsonValue[])
  return isJsonObject(a) ? compareObjects(a, b as JsonObject) : 0
}

function typeRank(value: JsonValue): number {
  if (value === null) return 0
  if (typeof value === 'boolean') return value ? 2 : 1
  if (typeof value === 'number') return 3
  if (typeof value === 'string') return 4
  return Array.isArray(value) ? 5 : 6
}

function compareArrays(a: JsonValue[], b: JsonValue[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareJson(a[i] as JsonValue, b[i] as JsonValue)
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

function compareObjects(a: JsonObject, b: JsonObject): number {
  const namesA = Object.keys(a)
  const namesB = Object.keys(b)
  for (let i = 0; i < namesA.length && i < namesB.length; i++) {
    const nameA = namesA[i] as string
    const nameB = namesB[i] as string
    const order = compareStrings(nameA, nameB) || compareJson(a[nameA] as JsonValue, b[nameB] as JsonValue)
    if (order !== 0) return order
  }
  return Math.sign(namesA.length - namesB.length)
}
