import test from 'ava'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import type { Suspended } from '../../../protocol/selector/pattern-matches.ts'
import { projection } from '../../../protocol/selector/projection.ts'
import { compileSelector } from '../../../protocol/selector/selector.ts'

/** The verdict of a selector, and the number of turns that it took. */
function judged(selector: JsonObject, document: JsonObject): { verdict: boolean; turns: number } {
  let verdict: boolean | Suspended = compileSelector(selector).matches(document)
  let turns = 1
  for (; typeof verdict === 'object'; turns++) verdict = verdict.resume()
  return { verdict, turns }
}

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => from + n)

test('a long list and a long array cost their sum, not their product, and give way to others', t => {
  const a = numbers(1_000_000)
  const cases: readonly [JsonObject, boolean][] = [
    [{ a: { $in: numbers(20_000, -30_000) } }, false],
    [{ a: { $in: [...numbers(20_000, -30_000), 999_999] } }, true],
    [{ a: { $nin: numbers(20_000, -30_000) } }, true],
  ]
  for (const [selector, expected] of cases) {
    const { verdict, turns } = judged(selector, { a })
    t.is(verdict, expected)
    t.true(turns > 5, `${turns} turns`)
  }
  t.true(judged({ a: { $all: numbers(20_000) } }, { a }).verdict)
  t.false(judged({ a: { $all: numbers(20_000, -1) } }, { a }).verdict)
})

test('conditions on the elements of a long array give way to others, however they are nested', t => {
  const a: JsonValue = Array.from({ length: 3000 }, (_, n) => ({ b: numbers(100, n) }))
  const ors = numbers(50).map(n => ({ $gt: 10_000 + n }))
  const within = { $elemMatch: { b: { $elemMatch: { $or: ors } } } }
  const { verdict, turns } = judged({ a: within }, { a })
  t.false(verdict)
  t.true(turns > 20, `${turns} turns`)
  t.true(judged({ a: { $elemMatch: { b: { $elemMatch: { $eq: 3098 } } } } }, { a }).verdict)
  t.true(judged({ a: { $allMatch: { b: { $elemMatch: { $gte: 0 } } } } }, { a }).verdict)
  t.false(judged({ a: { $allMatch: { b: { $elemMatch: { $lt: 2999 } } } } }, { a }).verdict)
  // Each element has more conditions than a turn has steps.
  const many = numbers(60).map(() => ({
    $or: numbers(2000).map(n => ({ b: { $elemMatch: { $gt: 10_000 + n } } })),
  }))
  t.false(judged({ a: { $elemMatch: { $or: many } } }, { a: [{ b: [1, 2] }, { b: [3, 4] }] }).verdict)
})

test('a list is looked up as it is compared', t => {
  const words = Array.from({ length: 20 }, (_, n) => `w${n}`)
  const list: JsonValue[] = [...words, 'e\u0301', 1, null, true, { a: 1 }, [1, 2]]
  const isIn = (value: JsonValue): boolean => judged({ v: { $in: list } }, { v: value }).verdict
  for (const value of ['w7', '\u00e9', 1, null, true, { a: 1 }, [0, 'w3'], [[1, 2]]]) t.true(isIn(value))
  for (const value of ['w20', 'W7', 'e', 2, false, { a: 2 }, [], [[1]], `w7${'x'.repeat(400)}`])
    t.false(isIn(value))
  const all: JsonValue = [1, 'x', { b: 1, a: 2 }, [1], null]
  const hasAll = (wanted: JsonValue[]): boolean => judged({ v: { $all: wanted } }, { v: all }).verdict
  t.true(hasAll([null, [1], { b: 1, a: 2 }, 'x', 'x']))
  t.false(hasAll([{ a: 2, b: 1 }]))
  t.false(hasAll(['[1]']))
})

test('names of fields with very many parts are refused', t => {
  const long = Array<string>(6000).fill('x').join('.')
  const refused = { message: /too many parts/ }
  t.throws(() => compileSelector({ [long]: 1 }), refused)
  t.throws(() => projection([long]), refused)
  const deep = Array<string>(1000).fill('x').join('.')
  const leaves = numbers(200).map(n => ({ [`f${n}`]: 1 }))
  t.throws(() => compileSelector({ [deep]: { $and: leaves } }), refused)
  // Many conditions on one field have its path once.
  t.notThrows(() => compileSelector({ [deep]: { $and: numbers(5000).map(n => ({ $gt: n })) } }))
  t.throws(() => projection(numbers(200).map(n => `${deep}.${n}`)), refused)
  t.is(projection([deep])(Buffer.from('{"x":1}')), '{}')
})
