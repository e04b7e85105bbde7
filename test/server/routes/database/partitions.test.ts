import test from 'ava'
import { checkAnswers, refused, type Exchange } from '../../../helpers/answers.ts'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

const UNPARTITIONED = refused('illegal_docid', 'Doc id must be of form partition:id')
const OF_TEXT = { 'content-type': 'text/plain' }

/** CouchDB finds the shard of a document by its partition, so that it cannot even look for one without. */
const WITHOUT_PARTITION: readonly Pick<Exchange, 'method' | 'path' | 'body' | 'headers'>[] = [
  { method: 'GET', path: '/db/doc' },
  { method: 'GET', path: '/db/doc?rev=1-a' },
  { method: 'GET', path: '/db/doc?open_revs=all' },
  { method: 'DELETE', path: '/db/doc?rev=1-a' },
  { method: 'COPY', path: '/db/doc', headers: { destination: 'a:2' } },
  { method: 'COPY', path: '/db/a:1', headers: { destination: 'doc' } },
  { method: 'PUT', path: '/db/doc', body: {} },
  { method: 'POST', path: '/db', body: {} },
  { method: 'GET', path: '/db/doc/file' },
  { method: 'PUT', path: '/db/doc/file', body: 'text', headers: OF_TEXT },
  { method: 'DELETE', path: '/db/doc/file' },
  { method: 'POST', path: '/db/_bulk_docs', body: { docs: [{ _id: 'doc' }] } },
  { method: 'POST', path: '/db/_revs_diff', body: { doc: ['1-a'] } },
  { method: 'POST', path: '/db/_missing_revs', body: { doc: ['1-a'] } },
  { method: 'POST', path: '/db/_purge', body: { doc: ['1-a'] } },
]

test('a partitioned database looks for no document without a partition', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db?partitioned=true')
  await call(url, 'PUT', '/db/a:1', { json: {} })
  await checkAnswers(
    t,
    url,
    WITHOUT_PARTITION.map(asked => ({ ...asked, status: 400, answer: UNPARTITIONED })),
  )
  const { body } = await call<{ total_rows: number }>(url, 'GET', '/db/_all_docs')
  t.is(body.total_rows, 1)
  const asked = { json: { docs: [{ id: 'doc', rev: '1-a' }] } }
  const { body: got } = await call<{ results: unknown }>(url, 'POST', '/db/_bulk_get', asked)
  t.deepEqual(got.results, [{ id: 'doc', docs: [{ error: { id: 'doc', rev: null, ...UNPARTITIONED } }] }])
})

test('design and local documents of a partitioned database are in no partition', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/db?partitioned=true', status: 201 },
    { method: 'PUT', path: '/db/_design/d', body: {}, status: 201 },
    { method: 'GET', path: '/db/_design/d', status: 200 },
    { method: 'PUT', path: '/db/_local/l', body: {}, status: 201 },
    { method: 'GET', path: '/db/_local/l', status: 200 },
    { method: 'GET', path: '/db/_nothing', status: 404 },
    { method: 'POST', path: '/db/_revs_diff', body: { '_design/d': ['1-a'] }, status: 200 },
  ]),
)

const NOT_PARTITIONED = { status: 400, answer: refused('bad_request', 'database is not partitioned') }
const UNDERSCORED = {
  status: 400,
  answer: refused('illegal_partition', 'Partition must not start with an underscore'),
}
const MISSING = { status: 404, answer: refused('not_found', 'missing') }
const ROWS = { docs: [{ _id: 'a:1' }, { _id: 'a:2' }, { _id: 'b:1' }] }
const VIEW = { views: { v: { map: 'function (doc) { emit(doc._id.length) }' } } }

test('what is asked within a partition is checked before it is looked for', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/plain', status: 201 },
    { method: 'PUT', path: '/db?partitioned=true', status: 201 },
    { method: 'GET', path: '/plain/_partition/a/_all_docs', ...NOT_PARTITIONED },
    { method: 'GET', path: '/plain/_partition/a/_design/d/_view/v', ...NOT_PARTITIONED },
    { method: 'POST', path: '/plain/_partition/a/_find', body: {}, ...NOT_PARTITIONED },
    { method: 'GET', path: '/plain/_partition/a/nothing', ...NOT_PARTITIONED },
    { method: 'GET', path: '/db/_partition/a/nothing', ...MISSING },
    { method: 'GET', path: '/db/_partition/a/_changes', ...MISSING },
    { method: 'GET', path: '/db/_partition/a/_design/none/_view/v', ...MISSING },
    { method: 'GET', path: '/db/_partition/_a/_all_docs', ...UNDERSCORED },
    { method: 'GET', path: '/db/_partition//_all_docs', ...UNDERSCORED },
    { method: 'GET', path: '/db/_partition/_a/_design/d/_view/v', ...UNDERSCORED },
    { method: 'POST', path: '/db/_partition/_a/_find', body: {}, ...UNDERSCORED },
    { method: 'POST', path: '/db/_partition/_a', ...UNDERSCORED },
    { method: 'POST', path: '/db/_partition/a', status: 405, answerHeaders: { allow: 'GET' } },
    {
      method: 'GET',
      path: '/db/_partition/a/_design/d/_view/v?partition=b',
      status: 400,
      answer: refused('bad_request', 'Conflicting value for `partition` in query string'),
    },
  ]),
)

test('a partition answers queries that are posted, too', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db?partitioned=true')
  await call(url, 'POST', '/db/_bulk_docs', { json: ROWS })
  await call(url, 'PUT', '/db/_design/d', { json: VIEW })
  const idsOf = async (path: string, json: unknown) => {
    const { body } = await call<{ rows: { id: string }[] }>(url, 'POST', path, { json })
    return body.rows.map(row => row.id)
  }
  t.deepEqual(await idsOf('/db/_partition/a/_design/d/_view/v', { keys: [3] }), ['a:1', 'a:2'])
  t.deepEqual(await idsOf('/db/_partition/a/_all_docs', { descending: true }), ['a:2', 'a:1'])
  for (const path of ['/db/_partition/a/_all_docs/queries', '/db/_partition/a/_design/d/_view/v/queries']) {
    const asked = { json: { queries: [{ limit: 1 }, {}] } }
    const { body } = await call<{ results: { rows: unknown[] }[] }>(url, 'POST', path, asked)
    t.deepEqual(
      body.results.map(({ rows }) => rows.length),
      [1, 2],
      path,
    )
  }
})

test('a query asks for no more rows than is configured', withServer, async (t, { url }) => {
  const tooLarge = (most: number) => ({
    status: 400,
    answer: refused('query_parse_error', `Limit is too large, must not exceed ${most}`),
  })
  await checkAnswers(t, url, [
    { method: 'PUT', path: '/db?partitioned=true', status: 201 },
    { method: 'POST', path: '/db/_bulk_docs', body: ROWS, status: 201 },
    { method: 'PUT', path: '/db/_design/d', body: VIEW, status: 201 },
    { method: 'GET', path: '/db/_all_docs?limit=268435457', status: 200 },
    { method: 'GET', path: '/db/_partition/a/_all_docs?limit=268435457', ...tooLarge(268_435_456) },
    { method: 'GET', path: '/db/_partition/a/_design/d/_view/v?limit=268435457', ...tooLarge(268_435_456) },
  ])
  const setting = '/_node/_local/_config/query_server_config/partition_query_limit'
  await call(url, 'PUT', setting, { json: '1' })
  await checkAnswers(t, url, [
    { method: 'GET', path: '/db/_partition/a/_all_docs?limit=2', ...tooLarge(1) },
    { method: 'POST', path: '/db/_partition/a/_design/d/_view/v', body: { limit: 2 }, ...tooLarge(1) },
  ])
  for (const path of ['/db/_partition/a/_all_docs', '/db/_partition/a/_design/d/_view/v']) {
    const { body } = await call<{ rows: unknown[] }>(url, 'GET', path)
    t.is(body.rows.length, 1, path)
  }
})

// CouchDB: couch_db_updater:is_overflowed/3
test(
  'a partition that is full takes what makes it smaller, and replications',
  withServer,
  async (t, { url }) => {
    const setting = '/_node/_local/_config/couchdb/max_partition_size'
    const text = 'x'.repeat(1000)
    const overflow = {
      error: 'partition_overflow',
      reason: "Partition limit exceeded due to update on 'a:new'",
    }
    const write = (_id: string, more: object = {}) =>
      call<{ rev: string }>(url, 'POST', '/db', { json: { _id, ...more } })
    await call(url, 'PUT', setting, { json: '5000' })
    await call(url, 'PUT', '/db?partitioned=true')
    let last = await write('a:0', { text })
    for (let n = 1; n < 20 && last.status === 201; n++) last = await write(`a:${n}`, { text })
    t.is(last.status, 403)
    const { body: info } = await call<{ sizes: { external: number } }>(url, 'GET', '/db/_partition/a')
    t.true(info.sizes.external >= 5000 && info.sizes.external < 7000, JSON.stringify(info))

    const refusedOne = await write('a:new', { n: 1 })
    t.is(refusedOne.status, 403)
    t.deepEqual(refusedOne.body as object, overflow)
    const docs = [{ _id: 'a:new' }, { _id: 'b:1', text }, { _id: '_design/d', text }]
    const { body: outcomes } = await call<object[]>(url, 'POST', '/db/_bulk_docs', { json: { docs } })
    t.deepEqual(outcomes[0], { id: 'a:new', ...overflow })
    t.like(outcomes[1], { ok: true })
    t.like(outcomes[2], { ok: true })

    const { body: first } = await call<{ _rev: string }>(url, 'GET', '/db/a:0')
    t.is((await write('a:0', { _rev: first._rev, text: `${text}y` })).status, 403)
    t.is((await write('a:0', { text })).status, 409)
    const same = await write('a:0', { _rev: first._rev, text: 'y'.repeat(1000) })
    t.is(same.status, 201)
    const replicated = { json: { _id: 'a:replicated', _rev: '1-a', text } }
    t.is((await call(url, 'PUT', '/db/a:replicated?new_edits=false', replicated)).status, 201)

    t.is((await write('a:0', { _rev: same.body.rev, _deleted: true })).status, 201)
    await call(url, 'POST', '/db/_purge', { json: { 'a:replicated': ['1-a'] } })
    t.is((await write('a:new', { n: 1 })).status, 201)
    await call(url, 'PUT', setting, { json: '4000' })
    t.is((await write('a:more')).status, 403)
    await call(url, 'PUT', setting, { json: '0' })
    t.is((await write('a:more')).status, 201)
  },
)
