import test from 'ava'
import { RowBatches } from '../../../server/query/views/answer/row-batches.ts'
import { target } from '../../../harness/client.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { withServer } from '../../helpers/with-server.ts'

const LISTS = {
  keys: 'function (head, req) { var row; while (row = getRow()) send(row.key + ";"); return String(head.total_rows) }',
  first: 'function (head, req) { return toJSON(getRow().doc.n) }',
  early: 'function (head, req) { send("head"); fooBarBam }',
  silent: 'function (head, req) { start({ code: 404 }); while (getRow()); }',
  late: 'function (head, req) { getRow(); start({ code: 202, headers: { "X-Late": "yes" } }); send("body"); getRow(); start({ code: 500 }) }',
  wrong: 'function (head, req) { send("head"); getRow(); send(fooBarBam) }',
}

async function newDatabase(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const view = (map: string) => ({ all: { map } })
  await call(url, 'PUT', '/db/_design/d', {
    json: { views: view('function (doc) { emit(doc.n, null) }'), lists: LISTS },
  })
  await call(url, 'PUT', '/db/_design/other', {
    json: { views: view('function (doc) { emit(-doc.n, null) }') },
  })
  const docs = Array.from({ length: 10 }, (_, n) => ({ _id: `${n}`, n }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
}

test(
  'a list takes the keys that are posted, of its own and of another design document',
  withServer,
  async (t, { url }) => {
    await newDatabase(url)
    const list = async (path: string, keys: readonly number[]) =>
      (await call<string>(url, 'POST', `/db/_design/d/_list/keys/${path}`, { json: { keys } })).body
    t.is(await list('all', [2, 4, 7]), '2;4;7;10')
    t.is(await list('other/all', [-2, -7]), '-2;-7;10')
    t.is(await list('all?descending=true', [2, 4]), '4;2;10')
    const none = await call<number>(url, 'GET', '/db/_design/d/_list/keys/all?start_key=30')
    t.is(none.body, 10)
    const refused = await call(url, 'POST', '/db/_design/d/_list/keys/all', {
      raw: '{}',
      headers: { 'content-type': 'x/y' },
    })
    t.is(refused.status, 415)
  },
)

test('a list has the documents of its rows, and tells what went wrong', withServer, async (t, { url }) => {
  await newDatabase(url)
  const first = await call<number>(url, 'GET', '/db/_design/d/_list/first/all?include_docs=true&start_key=3')
  t.is(first.body, 3)
  const wrong = await call<string>(url, 'GET', '/db/_design/d/_list/wrong/all')
  t.is(wrong.status, 200)
  t.regex(
    wrong.body,
    /^head\n\{"error":"render_error","reason":"function raised error: ReferenceError.*"\}\n$/,
  )
  const early = await call<{ reason: string }>(url, 'GET', '/db/_design/d/_list/early/all')
  t.is(early.status, 500)
  t.regex(early.body.reason, /ReferenceError/)
  const silent = await call<string>(url, 'GET', '/db/_design/d/_list/silent/all')
  t.deepEqual([silent.status, silent.body], [200, ''])
  const late = await call<string>(url, 'GET', '/db/_design/d/_list/late/all')
  t.deepEqual([late.status, late.headers['x-late'], late.body], [202, 'yes', 'body'])
})

test(
  'a list of many rows is sent while it is made; what fails on its way ends it',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    const lists = {
      all: 'function () { send("<"); var row, n = 0; while (row = getRow()) { n++; send(row.key + ",") } return n + ">" }',
      fails:
        'function () { var row; while (row = getRow()) { if (row.key === 2000) throw "enough"; send(row.key + ",") } }',
      some: 'function () { for (var i = 0; i < 1500; i++) send(getRow().key + ","); return "." }',
      hangs:
        'function () { var row; while (row = getRow()) { send(row.key + ","); if (row.key === 2000) for (;;); } }',
    }
    const map = `function (doc) { for (var i = 0; i < 3000; i++) emit(i, "${'x'.repeat(300)}") }`
    await call(url, 'PUT', '/db/_design/d', { json: { views: { all: { map } }, lists } })
    await call(url, 'PUT', '/db/doc', { json: {} })
    const list = async (name: string) =>
      (await call<string>(url, 'GET', `/db/_design/d/_list/${name}/all`)).body
    const keys = (count: number) => Array.from({ length: count }, (_, n) => `${n},`).join('')
    t.is(await list('all'), `<${keys(3000)}3000>`)
    t.is(await list('some'), `${keys(1500)}.`)
    const [before, error] = (await list('fails')).split('\n')
    t.is(before, keys(2000))
    t.like(JSON.parse(error ?? ''), { error: 'render_error' })
    await call(url, 'PUT', '/_node/_local/_config/couchdb/os_process_timeout', { raw: '"500"' })
    const [sent, timeout] = (await list('hangs')).split('\n')
    t.true(keys(2000).startsWith(sent ?? ''))
    t.is(timeout, '{"error":"os_process_error","reason":"OS process timed out."}')
  },
)

test('clients that take nothing of a list hold up nobody, and are left after a while', async t => {
  const { url, close } = await startServer({
    settings: [
      { section: 'query_server_config', key: 'os_process_limit', value: '1' },
      { section: 'couchette', key: 'list_timeout', value: '1500' },
    ],
  })
  t.teardown(close)
  await call(url, 'PUT', '/db')
  const lists = {
    long: `function () { while (getRow()) send("${'x'.repeat(20_000)}") }`,
    short: 'function () { return getRow().key }',
  }
  const map = `function (doc) { for (var i = 0; i < 3000; i++) emit(i, "${'x'.repeat(300)}") }`
  await call(url, 'PUT', '/db/_design/d', { json: { views: { all: { map } }, lists } })
  await call(url, 'PUT', '/db/doc', { json: {} })
  const { origin, headers } = target(url)
  const long = () => fetch(`${origin}/db/_design/d/_list/long/all`, { headers: { ...headers } })
  const stalled = await long()
  const waiting = long()
  const short = await call<number>(url, 'GET', '/db/_design/d/_list/short/all?limit=1')
  t.is(short.body, 0)
  // It gets the thread that the first one had.
  await (await waiting).body?.cancel()
  await t.throwsAsync(stalled.text())
})

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts
}

test('the rows of an answer come in batches of whole rows', async t => {
  const answer = [
    '{"total_rows":3,"offset":0,"rows":[\n',
    '{"id":"a"},\n{"id":"b"}',
    ',\r\n',
    '{"id":',
    '"c"}',
    '\n]}',
    '\n',
  ]
  const rows = await RowBatches.of(pieces(...answer))
  t.is(rows.head, '{"total_rows":3,"offset":0}')
  const batches: unknown[] = []
  for (let text = await rows.next(1); text !== ''; text = await rows.next(1)) batches.push(JSON.parse(text))
  t.deepEqual(batches, [[{ id: 'a' }], [{ id: 'b' }], [{ id: 'c' }]])
  const whole = await RowBatches.of(pieces(...answer))
  t.deepEqual(JSON.parse(await whole.next(1000)), [{ id: 'a' }, { id: 'b' }, { id: 'c' }])
  t.true(whole.isAtEnd)
  const empty = await RowBatches.of(pieces('{"rows":[\n', '\n]}', '\n'))
  t.deepEqual([empty.head, await empty.next(1000), empty.isAtEnd], ['{}', '', true])
})
