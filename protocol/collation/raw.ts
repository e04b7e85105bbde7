import type { JsonValue } from '../json-value.ts'
import { comparer } from './comparer.ts'

/**
 * Compares two values in Erlang's order of terms: numbers, then `false`, `null`, `true`, objects, arrays, strings by
 * bytes. It is the order of `_id` in selectors and of views with `"collation": "raw"`. Returns -1, 0 or 1.
 */
export const compareRaw = comparer(rawRank, compareBytes)

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
