import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { securedServer } from '../../helpers/secured-server.ts'

/** A list of so many elements. */
const many = (count: number, element: string): string => Array<string>(count).fill(element).join(',')

const members = (count: number, value: string): string =>
  Array.from({ length: count }, (_, n) => `"m${n}":${value}`).join(',')

const LISTS: readonly (readonly [path: string, body: (count: number) => string])[] = [
  ['/db/_all_docs', count => `{"keys":[${many(count, '""')}]}`],
  ['/db/_all_docs/queries', count => `{"queries":[${many(count, '{}')}]}`],
  ['/db/_design_docs', count => `{"keys":[${many(count, '[]')}]}`],
  ['/db/_local_docs', count => `{"keys":[${many(count, '{}')}]}`],
  ['/db/_design/d/_view/v', count => `{"keys":[${many(count, '1')}]}`],
  ['/db/_design/d/_view/v/queries', count => `{"queries":[${many(count, '{}')}]}`],
  ['/db/_revs_diff', count => `{${members(count, '[]')}}`],
  ['/db/_revs_diff', count => `{"doc":[${many(count, '"1-a"')}]}`],
  ['/db/_missing_revs', count => `{"doc":[${many(count, '"1-a"')}]}`],
  ['/db/_bulk_get', count => `{"docs":[${many(count, '{}')}]}`],
  ['/db/_purge', count => `{${members(count, '[]')}}`],
  ['/_dbs_info', count => `{"keys":[${many(count, '""')}]}`],
  ['/_replicate', count => `{"source":"a","target":"b","doc_ids":[${many(count, '""')}]}`],
  ['/db/_changes?filter=_doc_ids', count => `{"doc_ids":[${many(count, '""')}]}`],
  ['/db/_changes?filter=_selector', count => `{"selector":{"$or":[${many(count, '{}')}]}}`],
  ['/db/_find', count => `{"selector":{"$or":[${many(count, '{}')}]}}`],
  ['/db/_find', count => `{"selector":{},"fields":[${many(count, '"a"')}]}`],
  ['/db/_explain', count => `{"selector":{"a":{"$in":[${many(count, '1')}]}}}`],
]

const json = { 'content-type': 'application/json' }

test('a list with more values than configured is refused with 413, on every route that takes one', async t => {
  const { admin } = await securedServer(
    t,
    'couchette/max_query_values=40000',
    'couchette/max_selector_values=40000',
    'couchette/max_system_document_values=40000',
  )
  await admin('PUT', '/db')
  await admin('PUT', '/db/_design/d', { json: { views: { v: { map: 'function(doc){emit(1)}' } } } })
  const long = `{"keys":["${'\\"'.repeat(600_000)}"]}`
  for (const path of [
    '/db/_all_docs',
    '/db/_design/d/_view/v',
    '/db/_revs_diff',
    '/db/_bulk_get',
    '/_dbs_info',
  ]) {
    const refused = await admin('POST', path, { raw: long, headers: json })
    t.is(refused.status, 413, path)
    t.is(refused.body.reason, 'a string of the request entity has more than 1048576 bytes')
  }
  for (const [path, body] of LISTS) {
    const refused = await admin('POST', path, { raw: body(40_001), headers: json })
    t.is(refused.status, 413, path)
    t.is(refused.body.error, 'too_large', path)
    t.not((await admin('POST', path, { raw: body(10), headers: json })).status, 413, path)
  }
})

test('a body for a function that is larger than configured is refused before the function sees it', async t => {
  const { admin } = await securedServer(t, 'couchette/max_function_body_size=1000')
  await admin('PUT', '/db')
  const one = 'function (doc, req) { return [null, "seen"] }'
  const functions = { updates: { one }, shows: { one: 'function () { return "seen" }' } }
  const rewrites = [{ from: '/u', to: '_update/one', method: 'POST' }]
  await admin('PUT', '/db/_design/d', { json: { ...functions, rewrites } })
  for (const path of ['_update/one', '_show/one', '_rewrite/u']) {
    const send = (size: number) =>
      admin('POST', `/db/_design/d/${path}`, {
        raw: 'x'.repeat(size),
        headers: { 'content-type': 'text/plain' },
      })
    const refused = await send(1001)
    t.is(refused.status, 413, path)
    t.deepEqual(refused.body, { error: 'too_large', reason: 'the request entity is too large' })
    t.not((await send(1000)).status, 413, path)
  }
})

test('queries beyond those that one request may hold are refused', async t => {
  const { admin } = await securedServer(t, 'couchette/max_queries_per_request=2')
  await admin('PUT', '/db')
  const path = '/db/_all_docs/queries'
  t.is((await admin('POST', path, { json: { queries: [{}, {}] } })).status, 200)
  t.is((await admin('POST', path, { json: { queries: [{}, {}, {}] } })).status, 413)
})

test('reading ends at the first document too many', async t => {
  const { admin } = await securedServer(t, 'couchdb/max_bulk_docs_count=2')
  await admin('PUT', '/db')
  const raw = `{"docs":[{},{},{},${many(1000, '{}')}] and no JSON`
  const refused = await admin('POST', '/db/_bulk_docs', { raw, headers: json })
  t.is(refused.status, 413)
  t.deepEqual(refused.body, { error: 'max_bulk_docs_count_exceeded', reason: '2' })
  t.is((await admin('POST', '/db/_bulk_docs', { json: { docs: [{}, {}] } })).status, 201)
})

test('bodies that are neither documents nor lists are small', async t => {
  const { admin } = await securedServer(t, 'couchette/max_settings_body_size=1000')
  await admin('PUT', '/db')
  const raw = `{"admins":{"names":[${many(1000, '"a"')}]}}`
  for (const [method, path] of [
    ['PUT', '/db/_security'],
    ['PUT', '/db/_revs_limit'],
    ['POST', '/db/_index'],
    ['POST', '/db/_index/_bulk_delete'],
    ['POST', '/db/_compact'],
    ['POST', '/db/_ensure_full_commit'],
    ['POST', '/_cluster_setup'],
  ] as const) {
    t.is((await admin(method, path, { raw, headers: json })).status, 413, path)
  }
})

test('a document of a million tiny elements is stored as it came, while others are answered', async t => {
  t.timeout(120_000)
  const { admin } = await securedServer(t)
  await admin('PUT', '/db')
  const body = `{"list":[${many(500_000, '{}')}],${members(200_000, '[]')}}`
  let isOver = false
  let turns = 0
  const written = admin('PUT', '/db/doc', { raw: body, headers: json }).finally(() => (isOver = true))
  while (!isOver) {
    await admin('GET', '/_up')
    turns++
  }
  t.is((await written).status, 201)
  t.true(turns > 3, `${turns} other requests were answered`)
  const { body: stored } = await admin<{ list: object[] }>('GET', '/db/doc')
  t.is(stored.list.length, 500_000)
  t.is(Object.keys(stored).length, 200_003)
})

test('one document beyond a limit of its own is refused, and the others of its request are written', async t => {
  const { admin } = await securedServer(
    t,
    'couchette/max_document_depth=5',
    'couchette/max_document_attachments=1',
    'couchette/max_document_revisions=20000',
  )
  await admin('PUT', '/db')
  const stub = { data: '' }
  const ids = Array.from({ length: 30_000 }, (_, n) => `a${n}`)
  const docs = [
    { _id: 'deep', _rev: '1-a', a: [[[[[]]]]] },
    { _id: 'level', _rev: '1-a', a: [[[[]]]] },
    { _id: 'files', _rev: '1-a', _attachments: { a: stub, b: stub } },
    { _id: 'old', _revisions: { start: 30_000, ids } },
    { _id: 'plain', _rev: '1-a' },
  ]
  const { status, body } = await admin<{ id: string; error: string }[]>('POST', '/db/_bulk_docs', {
    json: { new_edits: false, docs },
  })
  t.is(status, 201)
  t.deepEqual(
    body.map(({ id, error }) => [id, error]),
    [
      ['deep', 'doc_validation'],
      ['files', 'document_too_large'],
      ['old', 'document_too_large'],
    ],
  )
  t.is((await admin('GET', '/db')).body.doc_count, 2)
  t.is((await admin('PUT', '/db/deep', { json: { a: [[[[[]]]]] } })).status, 400)
  t.is((await admin('PUT', '/db/files', { json: { _attachments: { a: stub, b: stub } } })).status, 413)
  t.is((await admin('PUT', '/db/_local/deep', { json: { a: [[[[[]]]]] } })).status, 400)
})

test('an index of more fields than configured is refused', async t => {
  const { admin } = await securedServer(t, 'couchette/max_index_fields=3')
  await admin('PUT', '/db')
  const indexOf = (...fields: string[]) => admin('POST', '/db/_index', { json: { index: { fields } } })
  t.is((await indexOf('a', 'b', 'c')).status, 200)
  const refused = await indexOf('a', 'b', 'c', 'd')
  t.is(refused.status, 413)
  t.deepEqual(refused.body, { error: 'too_large', reason: 'an index has at most 3 fields' })
})

test('a form with more files than a document may have attachments is refused, and leaves nothing', async t => {
  const { admin, server } = await securedServer(t, 'couchette/max_document_attachments=3')
  await admin('PUT', '/db')
  const form = (count: number): string =>
    Array.from(
      { length: count },
      (_, n) =>
        `--x\r\nContent-Disposition: form-data; name="_attachments"; filename="f${n}"\r\n\r\n${n}\r\n`,
    ).join('') + '--x\r\nContent-Disposition: form-data; name="_doc"\r\n\r\n{}\r\n--x--'
  const headers = { 'content-type': 'multipart/form-data; boundary=x', referer: `${server.url}/` }
  const post = (id: string, count: number) => admin('POST', `/db/${id}`, { raw: form(count), headers })
  t.is((await post('few', 3)).status, 201)
  t.is((await post('many', 4)).status, 413)
  t.is((await admin('GET', '/db/many')).status, 404)
  const { body } = await admin<{ _attachments: object }>('GET', '/db/few')
  t.deepEqual(Object.keys(body._attachments).sort(), ['f0', 'f1', 'f2'])
})

test('members are told apart in objects of a hundred thousand, and the last of equal ones counts', async t => {
  const { admin } = await securedServer(t)
  await admin('PUT', '/db')
  const count = 100_000
  const raw = `{${members(count, '1')},"m50000":"again"}`
  t.is((await admin('PUT', '/db/doc', { raw, headers: json })).status, 201)
  const { body } = await admin('GET', '/db/doc')
  t.is(Object.keys(body).length, count + 2)
  t.is(body.m50000, 'again')
  t.is(Object.keys(body).at(-1), 'm50000')
})

test('a key of a query that is longer than configured is refused', async t => {
  const { admin } = await securedServer(t, 'couchette/max_query_key_size=1000')
  await admin('PUT', '/db')
  await admin('PUT', '/db/_design/d', { json: { views: { v: { map: 'function(doc){emit(1)}' } } } })
  const query = (body: object) => admin('POST', '/db/_design/d/_view/v', { json: body })
  const long = 'x'.repeat(1001)
  for (const body of [{ key: long }, { startkey: [1, { a: long }] }, { endkey: long }, { keys: [1, [long]] }])
    t.is((await query(body)).status, 413, Object.keys(body)[0])
  t.is((await query({ keys: ['x'.repeat(900), 'y'.repeat(900)] })).status, 200)
})

test('a pattern longer than any that PCRE compiles is refused at once', async t => {
  const { admin } = await securedServer(t, 'couchette/max_selector_size=20000000')
  await admin('PUT', '/db')
  const selector = { a: { $regex: 'x*'.repeat(4_000_000) } }
  t.is((await admin('POST', '/db/_find', { json: { selector } })).status, 400)
})

test('a design document of more views or values than configured is refused', async t => {
  const { admin } = await securedServer(t, 'couchette/max_design_views=2', 'couchette/max_design_values=20')
  await admin('PUT', '/db')
  const put = (ddoc: object, id = 'd') => admin('PUT', `/db/_design/${id}`, { json: ddoc })
  const view = { map: 'function (doc) {}' }
  t.is((await put({ views: { a: view, b: view } })).status, 201)
  const { status, body } = await put({ views: { a: view, b: view, c: view } }, 'e')
  t.is(status, 413)
  t.deepEqual(body, { error: 'document_too_large', reason: 'more than 2 views in a design document' })
  t.is((await put({ data: Array<number>(30).fill(1) }, 'f')).status, 413)
})

test('an index of more fields than configured is refused, also one that is written as a design document', async t => {
  const { admin } = await securedServer(t, 'couchette/max_index_fields=3')
  await admin('PUT', '/db')
  const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `f${n}`)
  const design = (count: number, language = 'query') => {
    const map = { fields: Object.fromEntries(names(count).map(name => [name, 'asc'])) }
    const options = { def: { fields: names(count) } }
    return { language, views: { few: { map: { fields: {} }, options }, many: { map, options } } }
  }
  const refusal = { error: 'too_large', reason: 'an index has at most 3 fields' }
  t.is((await admin('PUT', '/db/_design/a', { json: design(3) })).status, 201)
  const { status, body } = await admin('PUT', '/db/_design/b', { json: design(4) })
  t.is(status, 413)
  t.deepEqual(body, refusal)
  const docs = [{ _id: '_design/c', ...design(4) }]
  const { body: rows } = await admin<object[]>('POST', '/db/_bulk_docs', { json: { docs } })
  t.like(rows[0], refusal)
  t.is((await admin('POST', '/db/_index', { json: { index: { fields: names(4) } } })).status, 413)
  t.is((await admin('POST', '/db/_index', { json: { index: { fields: names(3) } } })).status, 200)
})

test('selectors, users and replications are as large as configured', async t => {
  const { admin } = await securedServer(
    t,
    'couchette/max_selector_size=1000',
    'couchette/max_system_document_values=5000',
  )
  for (const database of ['db', '_users', '_replicator']) await admin('PUT', `/${database}`)
  const selector = (length: number) => ({ json: { selector: { a: 'x'.repeat(length) } } })
  t.is((await admin('POST', '/db/_find', selector(900))).status, 200)
  t.is((await admin('POST', '/db/_find', selector(1000))).status, 413)
  const strings = (count: number): string[] => Array.from({ length: count }, (_, n) => `role-number-${n}`)
  const user = (count: number) => ({ json: { name: 'u', type: 'user', roles: strings(count) } })
  t.is((await admin('PUT', '/_users/org.couchdb.user:u', user(6000))).status, 413)
  t.is((await admin('PUT', '/_users/org.couchdb.user:u', user(4000))).status, 201)
  const job = (count: number) => ({ json: { source: 'db', target: 'db2', doc_ids: strings(count) } })
  t.is((await admin('PUT', '/_replicator/many', job(6000))).status, 413)
  t.is((await admin('POST', '/_replicate', job(6000))).status, 413)
  t.not((await admin('POST', '/_replicate', job(4000))).status, 413)
})

test('the missing revisions of many documents are told in pages, and those of one are bounded', async t => {
  const { admin } = await securedServer(t, 'couchette/max_document_revisions=3000')
  await admin('PUT', '/db')
  const { body: written } = await admin<{ rev: string }>('PUT', '/db/m7', { json: {} })
  const raw = `{${members(5000, '["1-a"]')},"m7":["1-a",${JSON.stringify(written.rev)}]}`
  const { status, body } = await admin<Record<string, unknown>>('POST', '/db/_revs_diff', {
    raw,
    headers: json,
  })
  t.is(status, 200)
  t.is(Object.keys(body).length, 5000)
  t.deepEqual(body.m4999, { missing: ['1-a'] })
  t.deepEqual(body.m7, { missing: ['1-a'] })
  const many = (count: number) => ({ json: { d: Array<string>(count).fill('1-a') } })
  t.is((await admin('POST', '/db/_revs_diff', many(3000))).status, 200)
  t.is((await admin('POST', '/db/_revs_diff', many(3001))).status, 413)
  t.is((await admin('POST', '/db/_revs_diff', { json: [] })).status, 400)
})

test('behind a compressed body that is refused the connection takes the next request', async t => {
  const { server } = await securedServer(t, 'couchette/max_body_memory_per_request=20000')
  const body = gzipSync(randomBytes(700_000))
  const socket = connect(server.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.setTimeout(30_000, () => socket.destroy())
  let answers = ''
  socket.on('data', (piece: Buffer) => (answers += piece.toString()))
  const head = `POST /_session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n`
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n`)
  socket.write(body)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await once(socket, 'close')
  t.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', 'HTTP/1.1 200'])
})
