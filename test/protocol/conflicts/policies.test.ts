import test from 'ava'
import fc from 'fast-check'
import {
  compareContents,
  type Content,
  type ContentAttachment,
  type LiveLeaf,
} from '../../../protocol/conflicts/content.ts'
import {
  type FieldRule,
  type MergePolicy,
  parsePolicies,
  PolicyError,
} from '../../../protocol/conflicts/policy.ts'
import { type LeafResolver, policyFor, resolveLeaves } from '../../../protocol/conflicts/resolve.ts'
import { mergeThreeWays } from '../../../protocol/conflicts/three-way.ts'
import { compareMoments, compareValues } from '../../../protocol/conflicts/value-order.ts'
import { canonicalJson } from '../../../protocol/json/canonical.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { asRev } from '../../../protocol/revision.ts'

const text = (value: unknown): Buffer =>
  canonicalJson(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
const matches = (selector: { matches: (document: JsonObject) => unknown }, document: JsonObject): boolean =>
  selector.matches(document) === true

/** Leaves in the order given, which stands for the order in which they win. */
function leavesOf(contents: readonly Content[]): LiveLeaf[] {
  return contents.map((content, index) => ({ ...content, rev: asRev(`${index + 1}-${'a'.repeat(32)}`) }))
}

function resolverOf(rule: JsonObject): LeafResolver {
  const [policy] = parsePolicies('_design/p', [rule])
  return policy!.resolver as LeafResolver
}

function resolve(rule: JsonObject, contents: readonly Content[]): Content {
  const documents = contents.map(({ body }) => JSON.parse(body.toString()) as JsonObject)
  return resolveLeaves(resolverOf(rule), leavesOf(contents), documents, matches)
}

/** The body that a policy makes of bodies, given as JSON text or values. */
function bodyOf(rule: JsonObject, ...bodies: unknown[]): string {
  return resolve(
    rule,
    bodies.map(body => ({ body: text(body), attachments: [] })),
  ).body.toString()
}

test('latest: the leaf whose field is greatest, times as instants', t => {
  const latest: JsonObject = { policy: 'latest', field: 'meta.at' }
  const at = (value: JsonValue, n: number): JsonObject => ({ n, meta: { at: value } })
  const chosen = (...values: JsonValue[]): number =>
    (JSON.parse(bodyOf(latest, ...values.map(at))) as { n: number }).n
  t.is(chosen('2026-01-01T01:00:00+02:00', '2025-12-31T23:30:00Z'), 1)
  t.is(chosen('2026-01-01T00:00:00.1Z', '2026-01-01T00:00:00.12Z', '2026-01-01T00:00:00.11Z'), 1)
  t.is(chosen(5, 40, 7), 1)
  t.is(chosen('2020-01-01T00:00:00Z', 99e12), 0, 'a time beats a number')
  t.is(chosen('yesterday', 1), 1, 'what is no time and no number counts as nothing')
  t.is(
    bodyOf(latest, '{"meta":{"at":9007199254740993}}', '{"meta":{"at":9007199254740992}}'),
    '{"meta":{"at":9007199254740993}}',
  )
  t.is(bodyOf(latest, { a: 1 }, { a: 2 }), '{"a":2}', 'ties are decided by the body')
})

test('prefer: the leaf that the first selector matches', t => {
  const prefer: JsonObject = { policy: 'prefer', selectors: [{ status: 'paid' }, { status: 'sent' }] }
  t.is(bodyOf(prefer, { status: 'open' }, { status: 'sent' }, { status: 'paid' }), '{"status":"paid"}')
  t.is(bodyOf(prefer, { status: 'sent', n: 1 }, { status: 'open' }), '{"status":"sent","n":1}')
  t.is(bodyOf(prefer, { n: 1 }, { n: 2 }), '{"n":2}')
})

test('majority: the content that most leaves have', t => {
  t.is(bodyOf({ policy: 'majority' }, { n: 3 }, { n: 1 }, { n: 1 }), '{"n":1}')
  t.is(bodyOf({ policy: 'majority' }, { n: 1 }, { n: 2 }), '{"n":2}')
})

test('merge: member by member, nested objects too, by the rule of each path', t => {
  const rule: JsonObject = {
    policy: 'merge',
    field: 'at',
    fields: { stock: 'min', 'stats.views': 'max', tags: 'union', name: 'latest' },
    default: 'winner',
  }
  t.is(
    bodyOf(
      rule,
      '{"name":"old","at":1,"stock":5,"stats":{"views":1,"x":1},"tags":["b","a"],"only":1.0,"same":{"z":1,"a":2}}',
      '{"name":"new","at":2,"stock":3,"stats":{"views":12345678901234567890,"y":2},"tags":["c","a"],"same":{"z":1,"a":2}}',
    ),
    '{"at":2,"name":"new","only":1.0,"same":{"z":1,"a":2},"stats":{"views":12345678901234567890,"x":1,"y":2},"stock":3,"tags":["a","b","c"]}',
  )
})

const attachment = (name: string, digest: string): ContentAttachment => ({
  name,
  digest,
  contentType: 'text/plain',
})

test('merge: attachments by name', t => {
  const contents = [
    { body: text({ at: 1 }), attachments: [attachment('a', 'x'), attachment('both', 'x')] },
    { body: text({ at: 2 }), attachments: [attachment('b', 'y'), attachment('both', 'y')] },
  ]
  const named = (rule: JsonObject): string[] =>
    resolve(rule, contents).attachments.map(({ name, digest }) => `${name}:${digest}`)
  t.deepEqual(named({ policy: 'merge' }), ['a:x', 'b:y', 'both:x'])
  t.deepEqual(named({ policy: 'merge', default: 'max' }), ['a:x', 'b:y', 'both:y'])
  t.deepEqual(named({ policy: 'merge', field: 'at', default: 'latest' }), ['b:y', 'both:y'])
  t.deepEqual(named({ policy: 'merge', field: 'at', fields: { _attachments: 'winner' } }), [
    'a:x',
    'b:y',
    'both:x',
  ])
})

test('three-way: what one side changed is taken, differences of counters are added up', t => {
  const resolver = resolverOf({
    policy: 'merge',
    three_way: true,
    at: 'node',
    fields: { n: 'sum', f: 'sum', tags: 'union' },
  }) as MergePolicy
  const merged = (base: unknown, ...sides: unknown[]): string => {
    const contents = sides.map(side => ({ body: text(side), attachments: [] }))
    return mergeThreeWays(resolver, leavesOf(contents), { body: text(base), attachments: [] }).body.toString()
  }
  t.is(merged({ a: 1, b: 1, gone: 1 }, { a: 2, b: 1, gone: 1 }, { a: 1, b: 2 }), '{"a":2,"b":2}')
  t.is(
    merged('{"n":9007199254740993}', '{"n":9007199254740998}', '{"n":9007199254740998}'),
    '{"n":9007199254741003}',
  )
  t.is(merged('{"f":1.5}', '{"f":2.5}', '{"f":1.0}'), '{"f":2.0}')
  t.is(merged({ o: { x: 1, y: 1 } }, { o: { x: 2, y: 1 } }, { o: { x: 1, y: 2 } }), '{"o":{"x":2,"y":2}}')
  t.is(merged({ tags: ['a'] }, { tags: ['a', 'c'] }, { tags: ['a', 'b'] }), '{"tags":["a","b","c"]}')
  const sides = [
    { body: text({}), attachments: [attachment('kept', 'x'), attachment('new', 'x')] },
    { body: text({}), attachments: [attachment('kept', 'x')] },
  ]
  const base = { body: text({}), attachments: [attachment('kept', 'x'), attachment('gone', 'x')] }
  t.deepEqual(
    mergeThreeWays(resolver, leavesOf(sides), base).attachments.map(({ name }) => name),
    ['kept', 'new'],
  )
})

const CONFLICT_POLICIES: readonly (readonly [JsonValue, string])[] = [
  [{}, '`conflicts` must be an array'],
  [[1], 'conflicts[0]: a rule must be an object'],
  [
    [{ policy: 'manual' }, { policy: 'last' }],
    'conflicts[1]: `policy` must be one of latest, prefer, merge, majority, function, manual',
  ],
  [[{ policy: 'latest' }], 'conflicts[0]: `field` must be a text'],
  [[{ policy: 'latest', field: 'a..b' }], 'conflicts[0]: Invalid field name: a..b'],
  [[{ policy: 'latest', feild: 'a', field: 'a' }], 'conflicts[0]: a policy `latest` takes no `feild`'],
  [
    [{ policy: 'prefer', selectors: [] }],
    'conflicts[0]: `selectors` must be a list of selectors, the preferred one first',
  ],
  [
    [{ policy: 'merge', fields: { a: 'newest' } }],
    'conflicts[0]: the rule of a field must be one of latest, max, min, union, winner',
  ],
  [
    [{ policy: 'merge', fields: { a: 'latest' } }],
    'conflicts[0]: `latest` needs `field`, which says when a leaf was written',
  ],
  [
    [{ policy: 'merge', fields: { a: 'sum' } }],
    'conflicts[0]: `sum` needs `three_way`: it adds up differences to the common ancestor',
  ],
  [
    [{ policy: 'merge', three_way: true }],
    'conflicts[0]: `three_way` and `at`, the uuid of the one node that applies the policy, go together',
  ],
  [[{ policy: 'function' }], 'conflicts[0]: `function` must be a text'],
]

for (const [conflicts, message] of CONFLICT_POLICIES) {
  test(`policies are refused: ${message}`, t => {
    t.throws(() => parsePolicies('_design/p', conflicts), { instanceOf: PolicyError, message })
  })
}

test('a selector that is none is refused with its place', t => {
  const conflicts = [{ policy: 'manual', selector: { a: { $bad: 1 } } }]
  t.throws(() => parsePolicies('_design/p', conflicts), {
    instanceOf: PolicyError,
    message: /^conflicts\[0\]: /,
  })
})

test('the first policy counts whose selector matches all leaves', t => {
  const policies = parsePolicies('_design/p', [
    { policy: 'manual', selector: { type: 'a' } },
    { policy: 'majority', selector: { n: { $gt: 0 } } },
  ])
  const kindFor = (...documents: JsonObject[]) => policyFor(policies, documents, matches)?.resolver.kind
  t.is(kindFor({ type: 'a', n: 1 }, { type: 'a', n: 2 }), 'manual')
  t.is(kindFor({ type: 'a', n: 1 }, { type: 'b', n: 2 }), 'majority')
  t.is(kindFor({ n: 1 }, { n: 0 }), undefined)
})

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
