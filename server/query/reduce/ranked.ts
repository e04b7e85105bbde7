import { compareJson } from '../../../protocol/collation/compare.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import type { Steps } from '../../../protocol/steps.ts'
import { valueOf } from './row-value.ts'

/** The N largest of the distinct values, `_top_N`, or the smallest, `_bottom_N`. */
export interface Rank {
  readonly size: number
  /** -1 where the largest come first. */
  readonly sign: 1 | -1
}

const MAX_RANKED = 100

/**
 * Returns the rank that the name of a built-in function asks for; undefined for another name.
 *
 * @throws `invalid_design_doc` for an invalid rank
 */
export function rankOf(name: string): Rank | undefined {
  const [, end, text = ''] = /^_(top|bottom)_(.*)$/s.exec(name) ?? []
  if (end === undefined) return undefined
  if (!/^[+-]?\d+$/.test(text)) throw fail('invalidDesignDoc', 'invalid rank reducer')
  const size = Number(text)
  if (size >= 1 && size <= MAX_RANKED) return { size, sign: end === 'top' ? -1 : 1 }
  throw fail('invalidDesignDoc', `rank value must be between 1 and ${MAX_RANKED}`)
}

/** Reduces rows to the first of their values. */
export function* rankRows(rows: readonly Uint8Array[], rank: Rank): Steps<JsonValue[]> {
  const ranked: JsonValue[] = []
  for (const row of rows) yield* insert(valueOf(row), ranked, rank)
  return ranked
}

/** Reduces what rows were reduced to. */
export function* mergeRanked(parts: readonly (readonly JsonValue[])[], rank: Rank): Steps<JsonValue[]> {
  const ranked: JsonValue[] = []
  for (const values of parts) for (const value of values) yield* insert(value, ranked, rank)
  return ranked
}

/** Puts a value in its place among those in order. Each comparison is a step, as strings of megabytes may begin alike. */
function* insert(value: JsonValue, ranked: JsonValue[], { size, sign }: Rank): Steps<void> {
  let [low, high] = [0, ranked.length]
  // Most values come behind a list that is full.
  let middle = ranked.length === size ? size - 1 : high >> 1
  for (; low < high; middle = (low + high) >> 1) {
    const order = sign * compareJson(value, ranked[middle] as JsonValue)
    if (order === 0) return
    if (order < 0) high = middle
    else low = middle + 1
    yield
  }
  if (low === size) return
  ranked.splice(low, 0, value)
  if (ranked.length > size) ranked.pop()
}
