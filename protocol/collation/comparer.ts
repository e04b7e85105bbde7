import { isJsonObject, type JsonObject, type JsonValue } from '../json-value.ts'

type Compare<Value> = (a: Value, b: Value) => number

/**
 * Returns a comparison of JSON values, whose result is -1, 0 or 1: values of different ranks by their ranks, numbers as
 * doubles, strings by `compareTexts`, arrays by their elements, objects by their members in the order in which they stand.
 *
 * @param rankOf equal for values of one type, but for `null`, `false` and `true`, which have ranks of their own
 */
export function comparer(
  rankOf: (value: JsonValue) => number,
  compareTexts: Compare<string>,
): Compare<JsonValue> {
  const compare: Compare<JsonValue> = (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0
    if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b)
    const rankA = rankOf(a)
    const rankB = rankOf(b)
    if (rankA !== rankB) return rankA < rankB ? -1 : 1
    if (Array.isArray(a)) return compareArrays(a, b as JsonValue[])
    return isJsonObject(a) ? compareObjects(a, b as JsonObject) : 0
  }

  const compareArrays: Compare<readonly JsonValue[]> = (a, b) => {
    for (let i = 0; i < a.length && i < b.length; i++) {
      const order = compare(a[i] as JsonValue, b[i] as JsonValue)
      if (order !== 0) return order
    }
    return Math.sign(a.length - b.length)
  }

  const compareObjects: Compare<JsonObject> = (a, b) => {
    const namesA = Object.keys(a)
    const namesB = Object.keys(b)
    for (let i = 0; i < namesA.length && i < namesB.length; i++) {
      const nameA = namesA[i] as string
      const nameB = namesB[i] as string
      const order = compareTexts(nameA, nameB) || compare(a[nameA] as JsonValue, b[nameB] as JsonValue)
      if (order !== 0) return order
    }
    return Math.sign(namesA.length - namesB.length)
  }

  return compare
}
