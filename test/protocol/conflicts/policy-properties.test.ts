import test from 'ava'
import fc from 'fast-check'
import { compareContents, type Content } from '../../../protocol/conflicts/content.ts'
import type { FieldRule } from '../../../protocol/conflicts/policy.ts'
import { compareMoments, compareValues } from '../../../protocol/conflicts/value-order.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { text, resolve, bodyOf } from './rules-and-leaves.ts'

// Properties

const scalar = fc.constantFrom(
  '1',
  '1.0',
  '2',
  '-0.5',
  '"x"',
  '"y"',
  'null',
  'true',
  '9007199254740993',
  '"2026-01-01T00:00:00Z"',
  '"2026-01-01T01:00:00+01:00"',
)

const { value: anyValue } = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof(
    { weight: 4, arbitrary: scalar },
    fc.array(scalar, { maxLength: 3 }).map(values => `[${values.join()}]`),
    objectOf(tie('value'), ['x', 'y']),
  ),
}))

function objectOf(value: fc.Arbitrary<string>, names: readonly string[]): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), value), {
      selector: ([name]) => name,
      maxLength: names.length,
    })
    .map(members => `{${members.map(([name, member]) => `"${name}":${member}`).join()}}`)
}

const content: fc.Arbitrary<Content> = fc.record({
  body: objectOf(anyValue, ['at', 'a', 'b', 'c', 'd']).map(text),
  attachments: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('p', 'q'),
      digest: fc.constantFrom('m', 'n'),
      contentType: fc.constant('t'),
    }),
    { selector: ({ name }) => name },
  ),
})

const contents = fc.array(content, { minLength: 2, maxLength: 5 })

const fieldRule = fc.constantFrom<FieldRule>('latest', 'max', 'min', 'union')

const associative: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.constant<JsonObject>({ policy: 'latest', field: 'at' }),
  fc.record({
    policy: fc.constant('merge'),
    field: fc.constantFrom('at', 'a.x'),
    fields: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'a.x', 'b.y', '_attachments'), fieldRule, {
      maxKeys: 4,
    }),
    default: fieldRule,
  }),
)

const orderless: fc.Arbitrary<JsonObject> = fc.oneof(
  associative,
  fc.constant<JsonObject>({ policy: 'majority' }),
  fc.constant<JsonObject>({ policy: 'prefer', selectors: [{ a: { $gt: 1 } }, { b: { $exists: true } }] }),
)

const shown = ({ body, attachments }: Content): string => `${body.toString()} ${JSON.stringify(attachments)}`

test('policies do not depend on the order of the leaves', t => {
  fc.assert(
    fc.property(orderless, contents, fc.nat(), (rule, all, turn) => {
      const turned = all.map((_, index) => all[(index + turn) % all.length]!)
      t.is(shown(resolve(rule, all)), shown(resolve(rule, turned)))
      t.is(shown(resolve(rule, all)), shown(resolve(rule, all.toReversed())))
    }),
    { numRuns: 2000 },
  )
})

test('latest, max, min and union: a resolution of part of the leaves does not change the end', t => {
  fc.assert(
    fc.property(associative, contents, fc.nat(), (rule, all, cut) => {
      const part = 1 + (cut % (all.length - 1))
      const resolved = part === 1 ? all[0]! : resolve(rule, all.slice(0, part))
      t.is(shown(resolve(rule, [resolved, ...all.slice(part)])), shown(resolve(rule, all)))
    }),
    { numRuns: 5000 },
  )
})

test('leaves of one content resolve to it, and resolving is repeatable', t => {
  fc.assert(
    fc.property(orderless, content, (rule, one) => t.is(compareContents(resolve(rule, [one, one]), one), 0)),
    { numRuns: 500 },
  )
})

test('union keeps every element, whatever else happens', t => {
  const rule: JsonObject = { policy: 'merge', default: 'union' }
  fc.assert(
    fc.property(fc.array(fc.array(scalar, { maxLength: 4 }), { minLength: 2, maxLength: 4 }), lists => {
      const merged = bodyOf(rule, ...lists.map(list => `{"tags":[${list.join()}]}`))
      for (const element of lists.flat()) t.true(merged.includes(text(element).toString()))
    }),
    { numRuns: 300 },
  )
})

test('values and moments are totally ordered', t => {
  const value = anyValue.map(text)
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      t.is(Math.sign(compareValues(a, b)), -Math.sign(compareValues(b, a)) + 0)
      t.is(compareValues(a, b) === 0, a.equals(b))
      if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) t.true(compareValues(a, c) <= 0)
      if (compareMoments(a, b) <= 0 && compareMoments(b, c) <= 0) t.true(compareMoments(a, c) <= 0)
    }),
    { numRuns: 3000 },
  )
  t.true(compareValues(text('10000000000000000000'), text('9999999999999999999')) > 0)
  t.true(compareValues(text('1.0e25'), text('10000000000000000000000001')) < 0)
})
