import test from 'ava'
import { KeyWriter } from '../../../protocol/collation/key-writer.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { isBuiltinReduce } from '../../../server/query/reduce/builtin.ts'
import { type ReduceContext, reducerOf } from '../../../server/query/reduce/reducer.ts'
import { writeRowValue } from '../../../protocol/view-row.ts'

/** Functions of CouchDB's own run without it. */
const NO_SANDBOX = {} as ReduceContext

/** Returns the answer for values, reduced in two halves as the nodes of an index are. */
async function reduced(name: string, values: readonly string[]): Promise<string> {
  const reducer = reducerOf(name, NO_SANDBOX)
  const rows = values.map(value => {
    const out = new KeyWriter()
    writeRowValue('"a"', 'null', value, out)
    return out.take()
  })
  const half = Math.ceil(rows.length / 2)
  const parts = [rows.slice(0, half), rows.slice(half)].filter(list => list.length > 0)
  const stored = JSON.parse(JSON.stringify(await reducer.reduce(parts, 'request'))) as JsonValue[]
  const [all = null] = await reducer.rereduce([stored], 'request')
  return (reducer.finish(all) as { json: string }).json
}

test('integers add up to integers, and what a float went into is a float', async t => {
  t.is(await reduced('_sum', ['1', '2', '3']), '6')
  t.is(await reduced('_sum', ['1.5', '1.5', '2']), '5.0')
  t.is(await reduced('_sum', ['0.5', '-0.5']), '0.0')
  t.is(await reduced('_sum', ['0.1', '0.2']), '0.30000000000000004')
  t.is(await reduced('_sum', ['[1, 1.5]', '[2, 1.5, 7]', '1']), '[4,3.0,7]')
  t.is(await reduced('_sum', ['{"a":1.5,"b":{"c":1}}', '{"a":0.5,"b":{"c":2}}']), '{"a":2.0,"b":{"c":3}}')
  t.is(await reduced('_count', ['1.5', '1.5']), '2')
  const stats = await reduced('_stats', ['1.5', '2', '2.5'])
  t.is(stats, '{"sum":6.0,"count":3,"min":1.5,"max":2.5,"sumsqr":12.5}')
  t.is(await reduced('_stats', ['1', '2']), '{"sum":3,"count":2,"min":1,"max":2,"sumsqr":5}')
})

test('text is not summed, whatever it looks like', async t => {
  for (const value of ['"1.0"', '[1, "1.0"]'])
    t.regex(await reduced('_sum', ['1', value]), /builtin_reduce_error/)
})

test('rank reducers take ranks from 1 to 100', async t => {
  t.is(await reduced('_top_2', ['1', '3', '2', '3']), '[3,2]')
  t.is(await reduced('_bottom_02', ['1', '3', '2']), '[1,2]')
  t.is(await reduced('_bottom_+100', ['1']), '[1]')
  for (const name of ['_top_0', '_top_101', '_bottom_-1', '_bottom_00'])
    t.throws(() => isBuiltinReduce(name), { message: /rank value must be between 1 and 100/ }, name)
  for (const name of ['_top_', '_top_Foo', '_bottom_1x', '_bottom_1.5'])
    t.throws(() => isBuiltinReduce(name), { message: /invalid rank reducer/ }, name)
  t.false(isBuiltinReduce('_top'))
  t.false(isBuiltinReduce('_bottom5'))
})

// A sort compared strings of megabytes that begin alike for minutes, without a turn for others.
test('rank reducers take the first of the distinct values, whatever their order, and let others have their turn', async t => {
  const long = 'é'.repeat(200_000)
  const values = Array.from({ length: 30 }, (_, n) => JSON.stringify(`${long}${(n * 7) % 30}`))
  const top = JSON.parse(await reduced('_top_3', values)) as string[]
  t.deepEqual(
    top.map(value => value.slice(long.length)),
    ['9', '8', '7'],
  )
  const numbers = Array.from({ length: 500 }, (_, n) => (n * 37) % 251)
  const sorted = [...new Set(numbers)].sort((a, b) => a - b)
  const reduce = async (name: string) => JSON.parse(await reduced(name, numbers.map(String))) as number[]
  for (const size of [1, 2, 7, 100]) {
    t.deepEqual(await reduce(`_bottom_${size}`), sorted.slice(0, size))
    t.deepEqual(await reduce(`_top_${size}`), sorted.toReversed().slice(0, size))
  }
})
