import test from 'ava'
import { CouchError } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import { compileFeedSelector, compileSelector } from '../../../protocol/selector/selector.ts'

const people: JsonObject[] = [
  { _id: 'p1', name: 'Ann', age: 34, tags: ['a', 'b'], address: { street: 'Main', zip: 10 }, active: true },
  { _id: 'p2', name: 'Bob', age: 21, tags: ['b'], address: { street: 'Side', zip: 20 }, active: false },
  {
    _id: 'p3',
    name: 'Cid',
    age: 55,
    tags: [],
    address: { street: 'Hill', zip: 30 },
    active: true,
    nick: null,
  },
  { _id: 'p4', name: 'Dee', age: 21, tags: ['c', 'a', 'b'], active: true, nick: 'D' },
  {
    _id: 'p5',
    name: 'Eve',
    age: 40,
    address: { street: 'Main', zip: 10 },
    scores: [
      { s: 3, k: 'x' },
      { s: 9, k: 'y' },
    ],
  },
  {
    _id: 'p6',
    name: 'Fay',
    age: 18,
    scores: [
      { s: 1, k: 'x' },
      { s: 2, k: 'x' },
    ],
    active: false,
  },
  { _id: 'p7', name: 'gus', age: '40', city: null, scores: [] },
]

function selected(selector: unknown, documents = people): string {
  const { matches } = compileSelector(selector)
  return documents
    .filter(matches)
    .map(document => document._id as string)
    .join(' ')
}

/** Selectors, and what CouchDB 3.5.0 selected by them. */
const recorded: [selector: unknown, ids: string][] = [
  [{ age: { $eq: 21 } }, 'p2 p4'],
  [{ age: { $ne: 21 } }, 'p1 p3 p5 p6 p7'],
  [{ age: { $gt: 34 } }, 'p3 p5 p7'],
  [{ nick: { $ne: 'D' } }, 'p3'],
  [{ age: { $gt: 18, $lt: 40, $ne: 34 } }, 'p2 p4'],
  [{ name: { $gt: 'Dee' } }, 'p5 p6 p7'],
  [{ active: { $gt: false } }, 'p1 p3 p4'],
  [{ tags: { $in: ['c', 'z'] } }, 'p4'],
  [{ tags: { $nin: ['b'] } }, 'p3'],
  [{ nick: { $exists: false } }, 'p1 p2 p5 p6 p7'],
  [{ nick: { $type: 'null' } }, 'p3'],
  [{ tags: { $all: ['a', 'b'] } }, 'p1 p4'],
  [{ tags: { $all: [] } }, ''],
  [{ tags: { $all: [['a', 'b']] } }, 'p1'],
  [{ tags: { $size: 0 } }, 'p3'],
  [{ scores: { $elemMatch: { s: { $gt: 5 }, k: 'y' } } }, 'p5'],
  [{ tags: { $elemMatch: { $eq: 'c' } } }, 'p4'],
  [{ scores: { $allMatch: { k: 'x' } } }, 'p6'],
  [{ tags: { $allMatch: { $gt: 'a' } } }, 'p2'],
  [{ 'scores.0.s': 3 }, 'p5'],
  [{ $nor: [{ age: 21 }, { active: true }] }, 'p6'],
  [{ age: { $not: { $gt: 21 } } }, 'p2 p4 p6'],
  [{ age: { $or: [{ $lt: 20 }, { $gt: 50 }] } }, 'p3 p6 p7'],
  [{ $not: { $or: [{ active: true }, { active: false }] } }, ''],
  [{ address: { zip: { $gt: 10 } } }, 'p2 p3'],
  [{ address: { $eq: { street: 'Main', zip: 10 } } }, 'p1 p5'],
  [{ _id: { $gt: 'p6' } }, 'p7'],
  [{ address: { $keyMapMatch: { $eq: 'zip' } } }, 'p1 p2 p3 p5'],
  [{ age: { $mod: [20, 1] } }, 'p2 p4'],
  [{ name: { $regex: '^[A-C]' } }, 'p1 p2 p3'],
  [{ name: { $beginsWith: 'D' } }, 'p4'],
  [{ $and: [{}] }, ''],
  [{ $or: [{}, { age: 18 }] }, 'p6'],
  [{}, 'p1 p2 p3 p4 p5 p6 p7'],
]

for (const [selector, ids] of recorded) {
  test(`${JSON.stringify(selector)} selects what CouchDB selects`, t => {
    t.is(selected(selector), ids)
  })
}

test('a backslash escapes a dot in the name of a field', t => {
  const documents = [
    { _id: 'q1', 'a.b': 1, a: { b: 2 } },
    { _id: 'q2', a: { b: 1, 'c.d': { e: 5 } } },
  ]
  t.is(selected({ 'a.b': 1 }, documents), 'q2')
  t.is(selected({ 'a\\.b': 1 }, documents), 'q1')
  t.is(selected({ 'a.c\\.d.e': 5 }, documents), 'q2')
})

test('members of Object.prototype are not fields of a document', t => {
  t.is(selected({ constructor: { $exists: true } }), '')
  t.is(selected(JSON.parse('{"__proto__":{"$exists":true}}')), '')
  t.is(selected({ toString: { $exists: false } }), 'p1 p2 p3 p4 p5 p6 p7')
})

const refused: [selector: unknown, error: string, reason: string][] = [
  ['x', 'invalid_selector_json', 'Selector must be a JSON object, not: <<120>>'],
  [[], 'invalid_selector_json', 'Selector must be a JSON object, not: []'],
  [null, 'invalid_selector_json', 'Selector must be a JSON object, not: null'],
  [{ a: { $nope: 1 } }, 'invalid_operator', 'Invalid operator: $nope'],
  [{ a: { $constructor: 1 } }, 'invalid_operator', 'Invalid operator: $constructor'],
  [{ $and: 'x' }, 'bad_arg', 'Bad argument for operator $and: <<120>>'],
  [{ $or: {} }, 'bad_arg', 'Bad argument for operator $or: {[]}'],
  [{ a: { $mod: [2] } }, 'bad_arg', 'Bad argument for operator $mod: [2]'],
  [{ a: { $regex: '[' } }, 'bad_arg', 'Bad argument for operator $regex: <<91>>'],
  [{ a: { $regex: 5 } }, 'invalid_operator', 'Invalid operator: $regex'],
  [{ a: { $elemMatch: 5 } }, 'bad_arg', 'Bad argument for operator $elemMatch: 5'],
  [{ a: { $beginsWith: 5 } }, 'invalid_operator', 'Invalid operator: $beginsWith'],
  [{ a: { $where: 5 } }, 'not_supported', 'Unsupported operator: $where'],
  [{ $gt: 5 }, 'invalid_selector', 'One or more conditions is missing a field name.'],
  [{ $not: {} }, 'invalid_selector', 'One or more conditions is missing a field name.'],
]

for (const [selector, error, reason] of refused) {
  test(`${JSON.stringify(selector)} is refused`, t => {
    const thrown = t.throws(() => compileSelector(selector), { instanceOf: CouchError })
    t.like(thrown, { status: 400, error, reason })
  })
}

test('the selector of a feed is refused as a bad request', t => {
  const notObject = t.throws(() => compileFeedSelector([]), { instanceOf: CouchError })
  t.like(notObject, { status: 400, error: 'bad_request', reason: 'Selector error: expected a JSON object' })
  const unknown = t.throws(() => compileFeedSelector({ $nope: 1 }), { instanceOf: CouchError })
  t.like(unknown, { error: 'bad_request', reason: 'Invalid operator: $nope' })
})

test('the normal form joins the names of fields and makes every condition explicit', t => {
  const { normalized, fields } = compileSelector({ a: { b: 1 }, $not: { c: { $in: [1] } } })
  t.deepEqual(normalized, { $and: [{ 'a.b': { $eq: 1 } }, { c: { $nin: [1] } }] })
  t.deepEqual(fields, ['a.b', 'c'])
})

// A name of 400 KB around 10,000 others was part of each of them, and all were kept.
test('refuses long names around many others', t => {
  const around = 'x'.repeat(10_000)
  const members = (count: number) => Array.from({ length: count }, (_, n) => ({ [`m${n}`]: 1 }))
  t.notThrows(() => compileSelector({ [around]: { $and: members(90) } }))
  t.throws(() => compileSelector({ [around]: { $and: members(110) } }), {
    message: 'bad_request: The names of nested fields of the selector are too long.',
  })
})
