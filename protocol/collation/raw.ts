import type { JsonObject, JsonValue } from '../json-value.ts'

/**
 * Compares two values in Erlang's order of terms: numbers, then `false`, `null`, `true`, objects, arrays, strings by
 * bytes. It is the order of `_id` in selectors and of views with `"collation": "raw"`. Returns -1, 0 or 1.
 */
export function compareRaw(a: JsonValue, b: JsonValue): number {
  const rankA = rawRank(a)
  const rankB = rawRank(b)
  if (rankA !== rankB) return rankA < rankB ? -1 : 1
  if (typeof a === 'string') return compareBytes(a, b as string)
  if (typeof a === 'number') return Math.sign(a - (b as number))
  if (Array.isArray(a)) return compareRawArrays(a, b as JsonValue[])
  return typeof a === 'object' && a !== null ? compareRawObjects(a, b as JsonObject) : 0
}

function rawRank(value: JsonValue): number {
  if (typeof value === 'number') return 0
  if (value === false) return 1
  if (value === null) return 2
  if (value === true) return 3
  if (typeof value === 'string') return 6
  return Array.isArray(value) ? 5 : 4
}

/** Compares strings by their UTF-8 bytes, which is by code points and not by UTF-16 units. Returns -1, 0 or 1. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i)
    const unitB = b.charCodeAt(i)
    if (unitA !== unitB) return codePointRank(unitA) < codePointRank(unitB) ? -1 : 1
  }
  return Math.sign(a.length - b.length)
}

/** Surrogates stand for code points above the whole rest of the first plane. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function compareRawArrays(a: JsonValue[], b: JsonValue[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareRaw(a[i] as JsonValue, b[i] as JsonValue)
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

function compareRawObjects(a: JsonObject, b: JsonObject): number {
  const namesA = Object.keys(a)
  const namesB = Object.keys(b)
  for (let i = 0; i < namesA.length && i < namesB.length; i++) {
    const nameA = namesA[i] as string
    const nameB = namesB[i] as string
    const order = compareBytes(nameA, nameB) || compareRaw(a[nameA] as JsonValue, b[nameB] as JsonValue)
    if (order !== 0) return order
  }
  return Math.sign(namesA.length - namesB.length)
}
