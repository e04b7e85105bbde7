import type { JsonValue } from '../../../protocol/json-value.ts'
import { rowKeyText } from '../../../protocol/view-row.ts'
import { runInTurns } from '../../concurrency/time-slice.ts'
import { cardinality, emptyRegisters, insert, unionOfRegisters, type Registers } from './hyperloglog.ts'
import { printNumeric } from './numeric.ts'
import { mergeRanked, type Rank, rankOf, rankRows } from './ranked.ts'
import { addStats, mergeStats, startStats, statsOfNumbers } from './stats.ts'
import { valueOf } from './row-value.ts'
import { SUM_START, sum } from './sum.ts'

/** A reduce function of CouchDB's own. What it gives for some rows is JSON, can be stored, and reduced with others. */
export interface BuiltinReduce {
  /** @param rows records of rows, in the order of the index */
  reduce(rows: readonly Uint8Array[]): JsonValue | Promise<JsonValue>
  /** @param parts what it gave for rows, in the order of the index */
  rereduce(parts: readonly JsonValue[]): JsonValue | Promise<JsonValue>
  /** The answered value, as JSON. */
  finish(part: JsonValue): string
}

const count: BuiltinReduce = {
  reduce: rows => rows.length,
  rereduce: parts => (parts as number[]).reduce((total, part) => total + part, 0),
  finish: JSON.stringify,
}

const sumAll: BuiltinReduce = {
  reduce: rows => sum(rows.map(valueOf), SUM_START),
  rereduce: parts => sum(parts, SUM_START),
  finish: printNumeric,
}

const stats: BuiltinReduce = {
  reduce: rows => {
    const values = rows.map(valueOf)
    const [first = null, ...others] = values
    return (
      statsOfNumbers(values) ??
      others.reduce<JsonValue>((all, value) => addStats(value, all), startStats(first))
    )
  },
  rereduce: parts => {
    const [first = null, ...others] = parts
    return (
      mergeStats(parts) ?? others.reduce<JsonValue>((all, part) => addStats(part, all), startStats(first))
    )
  },
  finish: printNumeric,
}

const distinct: BuiltinReduce = {
  reduce: rows => {
    const registers = emptyRegisters()
    for (const row of rows) insert(registers, rowKeyText(row))
    return registers.encode()
  },
  rereduce: parts => unionOfRegisters(parts as unknown as ReturnType<Registers['encode']>[]),
  finish: part => String(cardinality(part as unknown as ReturnType<Registers['encode']>)),
}

const first: BuiltinReduce = {
  reduce: rows => valueOf(rows[0] as Uint8Array),
  rereduce: parts => parts[0] ?? null,
  finish: JSON.stringify,
}

const last: BuiltinReduce = {
  reduce: rows => valueOf(rows[rows.length - 1] as Uint8Array),
  rereduce: parts => parts[parts.length - 1] ?? null,
  finish: JSON.stringify,
}

/** In turns: values may be long, and each is compared with several. */
const ranked = (rank: Rank): BuiltinReduce => ({
  reduce: rows => runInTurns(rankRows(rows, rank)),
  rereduce: parts => runInTurns(mergeRanked(parts as JsonValue[][], rank)),
  finish: JSON.stringify,
})

const NAMED: readonly (readonly [prefix: string, reduce: BuiltinReduce])[] = [
  ['_sum', sumAll],
  ['_count', count],
  ['_stats', stats],
  ['_approx_count_distinct', distinct],
  ['_first', first],
  ['_last', last],
]

/**
 * Returns the built-in function of that name, undefined if there is none. What follows `_sum` and the like is ignored.
 *
 * @throws `invalid_design_doc` for an invalid rank
 */
export function builtinReduce(name: string): BuiltinReduce | undefined {
  const rank = rankOf(name)
  return rank === undefined ? NAMED.find(([prefix]) => name.startsWith(prefix))?.[1] : ranked(rank)
}

export function isBuiltinReduce(name: string): boolean {
  return builtinReduce(name) !== undefined
}
