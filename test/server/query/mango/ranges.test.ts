import test from 'ava'
import type { JsonObject } from '../../../../protocol/json-value.ts'
import { compileSelector } from '../../../../protocol/selector/selector.ts'
import { indexableFields, rangeOf } from '../../../../server/query/mango/ranges.ts'

test('conditions that have to hold together are found however they are nested, and gathered once', t => {
  let selector: JsonObject = { $and: [{ b: 1 }, { a: { $gt: 2 } }, { $or: [{ c: 1 }] }, { d: { $in: [1] } }] }
  for (let depth = 0; depth < 500; depth++) selector = { $and: [{ a: { $lt: 9 } }, selector] }
  const { normalized, fields } = compileSelector(selector)
  t.deepEqual(indexableFields(normalized), ['a', 'b'])
  t.is(indexableFields(normalized), indexableFields(normalized), 'each index asks')
  t.deepEqual(rangeOf(normalized, 'a'), {
    low: { value: 2, inclusive: false },
    high: { value: 9, inclusive: false },
  })
  t.deepEqual(fields.slice(-5), ['a', 'b', 'a', 'c', 'd'])
})
