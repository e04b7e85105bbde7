import test from 'ava'
import type { ContentAttachment } from '../../../protocol/conflicts/content.ts'
import { type MergePolicy, parsePolicies, PolicyError } from '../../../protocol/conflicts/policy.ts'
import { policyFor, resolveLeaves } from '../../../protocol/conflicts/resolve.ts'
import { mergeThreeWays } from '../../../protocol/conflicts/three-way.ts'
import type { JsonObject, JsonValue } from '../../../protocol/json-value.ts'
import { runSteps } from '../../../protocol/steps.ts'
import { text, matches, leavesOf, resolverOf, resolve, bodyOf } from './rules-and-leaves.ts'

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
    const ancestor = { body: text(base), attachments: [] }
    return runSteps(mergeThreeWays(resolver, leavesOf(contents), ancestor)).body.toString()
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
    runSteps(mergeThreeWays(resolver, leavesOf(sides), base)).attachments.map(({ name }) => name),
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

test('an invalid selector is refused with its place', t => {
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
  const kindFor = (...documents: JsonObject[]) =>
    runSteps(policyFor(policies, documents, matches))?.resolver.kind
  t.is(kindFor({ type: 'a', n: 1 }, { type: 'a', n: 2 }), 'manual')
  t.is(kindFor({ type: 'a', n: 1 }, { type: 'b', n: 2 }), 'majority')
  t.is(kindFor({ n: 1 }, { n: 0 }), undefined)
})

test('times with long rows of zeros are compared as others are', t => {
  const zeros = '0'.repeat(1_000_000)
  const time = (end: number): string => `{"at":"2026-01-01T00:00:00.${zeros}${end}Z","n":${end}}`
  t.true(bodyOf({ policy: 'latest', field: 'at' }, time(2), time(1)) === time(2))
})

// Each took the square of the leaves, in one stretch: a request of 300 KB held the server for many seconds.
test('hundreds of leaves with members of their own, and thousands that say the same, are resolved in many short steps', t => {
  const leaf = (n: number) =>
    Object.fromEntries(Array.from({ length: 300 }, (_, k) => [`member${n}-${k}`, { n, k }]))
  const contents = Array.from({ length: 300 }, (_, n) => ({ body: text(leaf(n)), attachments: [] }))
  const same = Array.from({ length: 5000 }, () => ({ body: text({ v: 1 }), attachments: [] }))
  const merge = resolverOf({ policy: 'merge', default: 'max' })
  const majority = resolverOf({ policy: 'majority' })
  for (const [resolver, all, members] of [[merge, contents, 90_000] as const, [majority, same, 1] as const]) {
    const documents = all.map(({ body }) => JSON.parse(body.toString()) as JsonObject)
    const work = resolveLeaves(resolver, leavesOf(all), documents, matches)
    let steps = 0
    let next = work.next()
    for (; next.done !== true; next = work.next()) steps += 1
    t.is(Object.keys(JSON.parse(next.value.body.toString()) as JsonObject).length, members)
    t.true(steps > all.length)
  }
})

test('attachments of many leaves are chosen by name', t => {
  const attachment = (name: string, digest: string) => ({ name, digest, contentType: 'text/plain' })
  const contents = ['a', 'c', 'b'].map((digest, n) => ({
    body: text({ at: n % 2 }),
    attachments: [attachment('all', digest), attachment(`only${n}`, digest)],
  }))
  const namesOf = (rule: JsonObject) =>
    resolve(rule, contents).attachments.map(({ name, digest }) => `${name} ${digest}`)
  t.deepEqual(namesOf({ policy: 'merge', default: 'max' }), ['all c', 'only0 a', 'only1 c', 'only2 b'])
  t.deepEqual(namesOf({ policy: 'merge', default: 'winner' }), ['all a', 'only0 a', 'only1 c', 'only2 b'])
  t.deepEqual(namesOf({ policy: 'merge', default: 'latest', field: 'at' }), ['all c', 'only1 c'])
})
