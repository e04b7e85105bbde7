import test, { type ExecutionContext } from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

let server: RunningServer
let uuid: string
test.before(async () => {
  server = await startServer()
  uuid = String((await call(server.url, 'GET', '/')).body['uuid'])
})
test.after.always(() => server.close())

interface Counted {
  readonly policy: string
  readonly resolved: number
  readonly left: number
  readonly failed: number
}

interface Policies {
  readonly resolve: boolean
  readonly policies: readonly Counted[]
  readonly invalid: readonly { readonly id: string; readonly reason: string }[]
  readonly stopped: readonly string[]
}

const rev = (generation: number, digit: string): string => `${generation}-${digit.repeat(32)}`

async function database(t: ExecutionContext, name: string): Promise<string> {
  t.is((await call(server.url, 'PUT', `/${name}`)).status, 201)
  return `/${name}`
}

/** Writes a leaf for each body, with hashes of a's, b's, …: the last wins. */
async function conflict(path: string, id: string, ...bodies: readonly object[]): Promise<void> {
  const docs = bodies.map((body, index) => ({ ...body, _id: id, _rev: rev(1, 'abcdef'[index] ?? '') }))
  await call(server.url, 'POST', `${path}/_bulk_docs`, { json: { new_edits: false, docs } })
}

async function putPolicies(path: string, conflicts: unknown, id = '_design/policy'): Promise<void> {
  const { body } = await call(server.url, 'GET', `${path}/${id}`)
  const _rev = body['_rev']
  await call(server.url, 'PUT', `${path}/${id}`, {
    json: { conflicts, ...(_rev === undefined ? {} : { _rev }) },
  })
}

const policiesOf = async (path: string): Promise<Policies> =>
  (await call<Policies>(server.url, 'GET', `${path}/_conflicts/policies`)).body

const conflictsOf = async (path: string): Promise<number> =>
  (await call<{ total_rows: number }>(server.url, 'GET', `${path}/_conflicts`)).body.total_rows

function until(condition: () => Promise<boolean>): Promise<void> {
  return eventually('the policies are applied', condition, { withinMs: 60_000 })
}

const metrics = async (): Promise<string> =>
  (await call<string>(server.url, 'GET', '/_node/_local/_prometheus')).body

test('conflicts that are there are resolved when a policy comes, and new ones as they come; the log tells', async t => {
  const path = await database(t, 'carts')
  await conflict(path, 'x', { type: 'cart', at: 2, n: 1 }, { type: 'cart', at: 1, n: 2 })
  await conflict(path, 'other', { n: 1 }, { n: 2 })
  await putPolicies(path, [{ selector: { type: 'cart' }, policy: 'latest', field: 'at' }])
  await until(async () => (await conflictsOf(path)) === 1)
  const { body } = await call(server.url, 'GET', `${path}/x?conflicts=true`)
  t.like(body, { n: 1, _conflicts: undefined })
  t.true(String(body['_rev']).startsWith('2-'), 'a child of the winner')
  await conflict(path, 'y', { type: 'cart', at: 1 }, { type: 'cart', at: 2 })
  await until(async () => (await policiesOf(path)).policies[0]?.resolved === 2)
  t.is(
    (await call(server.url, 'GET', `${path}/y`)).body['_rev'],
    rev(1, 'b'),
    'the winner has that content already',
  )
  const log = await call<{ rows: Record<string, unknown>[] }>(
    server.url,
    'GET',
    `${path}/_conflicts/log?limit=1`,
  )
  t.is(log.body.rows.length, 1)
  t.like(log.body.rows[0], {
    id: 'y',
    policy: '_design/policy/0',
    kind: 'latest',
    leaves: [rev(1, 'b'), rev(1, 'a')],
    rev: rev(1, 'b'),
  })
  t.regex(
    await metrics(),
    /^couchdb_conflict_resolutions_total\{db="carts",policy="_design\/policy\/0",outcome="resolved"\} 2$/m,
  )
  t.is(await conflictsOf(path), 1, 'what no policy is for stays')
})

test('P11: an invalid policy is reported and resolves nothing, nor do the others of its document', async t => {
  const path = await database(t, 'invalid')
  await conflict(path, 'x', { n: 1 }, { n: 2 })
  await putPolicies(path, [{ policy: 'majority' }, { policy: 'newest' }])
  await until(async () => (await policiesOf(path)).invalid.length === 1)
  t.deepEqual((await policiesOf(path)).invalid, [
    {
      id: '_design/policy',
      reason: 'conflicts[1]: `policy` must be one of latest, prefer, merge, majority, function, manual',
    },
  ])
  t.regex(await metrics(), /^couchdb_conflict_policies_invalid\{db="invalid"\} 1$/m)
  t.is(await conflictsOf(path), 1)
  await putPolicies(path, [{ policy: 'majority' }])
  await until(async () => (await conflictsOf(path)) === 0)
  t.deepEqual((await policiesOf(path)).invalid, [])
})

test('a node with [conflicts] resolve = false leaves conflicts to others, until it is switched on', async t => {
  const other = await startServer({ settings: [{ section: 'conflicts', key: 'resolve', value: 'false' }] })
  try {
    await call(other.url, 'PUT', '/db')
    const docs = [1, 2].map(n => ({ _id: 'x', _rev: `1-${String(n).repeat(32)}`, n }))
    await call(other.url, 'PUT', '/db/_design/p', { json: { conflicts: [{ policy: 'majority' }] } })
    await call(other.url, 'POST', '/db/_bulk_docs', { json: { new_edits: false, docs } })
    const policies = await call<Policies>(other.url, 'GET', '/db/_conflicts/policies')
    t.like(policies.body, { resolve: false, policies: { 0: { resolved: 0 } } })
    const total = async () =>
      (await call<{ total_rows: number }>(other.url, 'GET', '/db/_conflicts')).body.total_rows
    t.is(await total(), 1)
    await call(other.url, 'DELETE', '/_node/_local/_config/conflicts/resolve')
    await call(other.url, 'PUT', '/_node/_local/_config/conflicts/resolve', { json: 'true' })
    await until(async () => (await total()) === 0)
  } finally {
    await other.close()
  }
})

test('function: decides on leaves in the order of their contents, without clock, randomness and locale', async t => {
  const path = await database(t, 'functions')
  const source = `function (leaves) {
    var known = [typeof Date, typeof Math.random, typeof Intl, typeof 'a'.localeCompare, typeof (1).toLocaleString]
    return { known: known.join(), order: leaves.map(function (leaf) { return leaf.n }), revs: '_rev' in leaves[0], id: leaves[0]._id }
  }`
  await conflict(path, 'x', { n: 2 }, { n: 3 }, { n: 1 })
  await putPolicies(path, [{ policy: 'function', function: source }])
  await until(async () => (await conflictsOf(path)) === 0)
  const undefinedFive = Array.from({ length: 5 }, () => 'undefined').join()
  t.like((await call(server.url, 'GET', `${path}/x`)).body, {
    known: undefinedFive,
    order: [1, 2, 3],
    revs: false,
    id: 'x',
  })
  await putPolicies(path, [{ policy: 'function', function: 'function () { return null }' }])
  await conflict(path, 'left', { n: 1 }, { n: 2 })
  await until(async () => ((await policiesOf(path)).policies[0]?.left ?? 0) > 0)
  await putPolicies(path, [{ policy: 'function', function: 'function () { throw new Error("no") }' }])
  await until(async () => ((await policiesOf(path)).policies[0]?.failed ?? 0) > 0)
  t.is(await conflictsOf(path), 1)
})

test('three_way: the node that the policy names applies it, with the ancestor; others leave the conflict', async t => {
  const path = await database(t, 'counters')
  const put = (json: object) => call(server.url, 'PUT', `${path}/x`, { json })
  const base = String((await put({ n: 10, a: 1, b: 1 })).body['rev'])
  const mine = await put({ _rev: base, n: 15, a: 2, b: 1 })
  t.is(mine.status, 201)
  const hash = base.slice(2)
  const theirs = { _id: 'x', n: 7, a: 1, b: 2, _revisions: { start: 2, ids: ['f'.repeat(32), hash] } }
  await call(server.url, 'POST', `${path}/_bulk_docs`, { json: { new_edits: false, docs: [theirs] } })
  const rule = { policy: 'merge', three_way: true, fields: { n: 'sum' } }
  await putPolicies(path, [{ ...rule, at: 'another node' }])
  await until(async () => ((await policiesOf(path)).policies[0]?.left ?? 0) > 0)
  t.is(await conflictsOf(path), 1)
  await putPolicies(path, [{ ...rule, at: uuid }])
  await until(async () => (await conflictsOf(path)) === 0)
  t.like((await call(server.url, 'GET', `${path}/x`)).body, { n: 12, a: 2, b: 2 })
})

test('attachments of all leaves are in the merged document', async t => {
  const path = await database(t, 'attached')
  const file = (data: string) => ({
    [`${data}.txt`]: { content_type: 'application/octet-stream', data: Buffer.from(data).toString('base64') },
  })
  await conflict(path, 'x', { _attachments: file('one') }, { _attachments: file('two') })
  await putPolicies(path, [{ policy: 'merge' }])
  await until(async () => (await conflictsOf(path)) === 0)
  t.is((await call<string>(server.url, 'GET', `${path}/x/one.txt`)).body, 'one')
  t.is((await call<string>(server.url, 'GET', `${path}/x/two.txt`)).body, 'two')
})

test('design documents are left to people, and so is what a validator refuses', async t => {
  const path = await database(t, 'guarded')
  await conflict(path, '_design/d', { views: {} }, { lists: {} })
  await conflict(path, 'x', { n: 1 }, { n: 2, bad: true })
  await call(server.url, 'PUT', `${path}/_design/v`, {
    json: { validate_doc_update: 'function (doc) { if (doc.merged) throw { forbidden: "not so" } }' },
  })
  await putPolicies(path, [{ policy: 'function', function: 'function () { return { merged: true } }' }])
  // It may have been tried more than once by now.
  await until(async () => ((await policiesOf(path)).policies[0]?.failed ?? 0) > 0)
  const log = await call<{ rows: Record<string, unknown>[] }>(server.url, 'GET', `${path}/_conflicts/log`)
  t.like(log.body.rows[0], { id: 'x', error: 'not so' })
  t.is(await conflictsOf(path), 2)
})

test('P11: a document that comes into conflict again and again is stopped and reported', async t => {
  const path = await database(t, 'repeated')
  await call(server.url, 'PUT', '/_node/_local/_config/conflicts/max_resolutions', { json: '3' })
  await putPolicies(path, [{ policy: 'majority' }])
  for (let round = 1; round <= 3; round++) {
    const docs = ['a', 'b'].map(digit => ({ _id: 'x', _rev: rev(round, digit), round }))
    await call(server.url, 'POST', `${path}/_bulk_docs`, { json: { new_edits: false, docs } })
    await until(async () => (await policiesOf(path)).policies[0]?.resolved === round)
  }
  t.deepEqual((await policiesOf(path)).stopped, ['x'])
  t.regex(await metrics(), /^couchdb_conflict_documents_stopped\{db="repeated"\} 1$/m)
  await conflict(path, 'x', {}, {}, { new: true })
  await call(server.url, 'POST', `${path}/_bulk_docs`, {
    json: {
      new_edits: false,
      docs: [
        { _id: 'x', _rev: rev(9, 'a') },
        { _id: 'y', _rev: rev(1, 'a') },
        { _id: 'y', _rev: rev(1, 'b') },
      ],
    },
  })
  await until(async () => (await policiesOf(path)).policies[0]?.resolved === 4)
  t.is(await conflictsOf(path), 1)
  await call(server.url, 'DELETE', '/_node/_local/_config/conflicts/max_resolutions')
  await putPolicies(path, [{ policy: 'latest', field: 'at' }])
  await until(async () => (await conflictsOf(path)) === 0)
})

test('what a policy makes of a document is held to the limits of documents', async t => {
  const path = await database(t, 'limited')
  await conflict(path, 'x', { n: 1 }, { n: 2 })
  const deep = `function () {
    var whole = {}
    for (var at = whole, n = 0; n < 1500; n++) at = at.a = {}
    return whole
  }`
  await putPolicies(path, [{ policy: 'function', function: deep }])
  // It may have been tried more than once by now.
  await until(async () => ((await policiesOf(path)).policies[0]?.failed ?? 0) > 0)
  t.is(await conflictsOf(path), 1)
  const { body } = await call(server.url, 'GET', `${path}/x`)
  t.is(body['_rev'], rev(1, 'b'))
  const { rows } = (await call<{ rows: { error: string }[] }>(server.url, 'GET', `${path}/_conflicts/log`))
    .body
  t.truthy(rows[0]?.error)
})
