import test from 'ava'
import { KeyWriter } from '../../../protocol/collation/key-writer.ts'
import { builtinReduce } from '../../../server/query/reduce/builtin.ts'
import { writeRowValue } from '../../../protocol/view-row.ts'

/** Returns the answer for values, reduced in two halves as the nodes of an index are. */
function reduced(name: string, values: readonly string[]): string {
  const reduce = builtinReduce(name)
  if (reduce === undefined) throw new Error(`no ${name}`)
  const rows = values.map(value => {
    const out = new KeyWriter()
    writeRowValue('"a"', 'null', value, out)
    return out.take()
  })
  const half = Math.ceil(rows.length / 2)
  const parts = [rows.slice(0, half), rows.slice(half)].filter(list => list.length > 0)
  const stored = parts.map(list => JSON.parse(JSON.stringify(reduce.reduce(list))) as never)
  return reduce.finish(reduce.rereduce(stored))
}

test('integers add up to integers, and what a float went into is a float', t => {
  t.is(reduced('_sum', ['1', '2', '3']), '6')
  t.is(reduced('_sum', ['1.5', '1.5', '2']), '5.0')
  t.is(reduced('_sum', ['0.5', '-0.5']), '0.0')
  t.is(reduced('_sum', ['0.1', '0.2']), '0.30000000000000004')
  t.is(reduced('_sum', ['[1, 1.5]', '[2, 1.5, 7]', '1']), '[4,3.0,7]')
  t.is(reduced('_sum', ['{"a":1.5,"b":{"c":1}}', '{"a":0.5,"b":{"c":2}}']), '{"a":2.0,"b":{"c":3}}')
  t.is(reduced('_count', ['1.5', '1.5']), '2')
  const stats = reduced('_stats', ['1.5', '2', '2.5'])
  t.is(stats, '{"sum":6.0,"count":3,"min":1.5,"max":2.5,"sumsqr":12.5}')
  t.is(reduced('_stats', ['1', '2']), '{"sum":3,"count":2,"min":1,"max":2,"sumsqr":5}')
})

test('text is not summed, whatever it looks like', t => {
  for (const value of ['"1.0"', '[1, "1.0"]']) t.regex(reduced('_sum', ['1', value]), /builtin_reduce_error/)
})

test('rank reducers take ranks from 1 to 100', t => {
  t.is(reduced('_top_2', ['1', '3', '2', '3']), '[3,2]')
  t.is(reduced('_bottom_02', ['1', '3', '2']), '[1,2]')
  t.is(reduced('_bottom_+100', ['1']), '[1]')
  for (const name of ['_top_0', '_top_101', '_bottom_-1', '_bottom_00'])
    t.throws(() => builtinReduce(name), { message: /rank value must be between 1 and 100/ }, name)
  for (const name of ['_top_', '_top_Foo', '_bottom_1x', '_bottom_1.5'])
    t.throws(() => builtinReduce(name), { message: /invalid rank reducer/ }, name)
  t.is(builtinReduce('_top'), undefined)
  t.is(builtinReduce('_bottom5'), undefined)
})
