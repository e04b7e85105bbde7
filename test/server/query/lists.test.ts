import test from 'ava'
import { gatherRows } from '../../../server/query/views/gather-rows.ts'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

const LISTS = {
  keys: 'function (head, req) { var row; while (row = getRow()) send(row.key + ";"); return String(head.total_rows) }',
  first: 'function (head, req) { return toJSON(getRow().doc.n) }',
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
  const wrong = await call<{ reason: string }>(url, 'GET', '/db/_design/d/_list/wrong/all')
  t.regex(wrong.body.reason, /ReferenceError/)
})

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts
}

test('the rows of an answer are gathered as far as they fit', async t => {
  const answer = [
    '{"total_rows":3,"offset":0,"rows":[\n',
    '{"id":"a"},\n{"id":"b"}',
    ',\n',
    '{"id":"c"}',
    '\n]}',
    '\n',
  ]
  const head = '{"total_rows":3,"offset":0}'
  t.deepEqual(await gatherRows(pieces(...answer), 1000), {
    head,
    rows: '[\n{"id":"a"},\n{"id":"b"},\n{"id":"c"}]',
    isWhole: true,
  })
  const some = await gatherRows(pieces(...answer), 60)
  t.deepEqual([some.head, some.isWhole], [head, false])
  t.deepEqual(JSON.parse(some.rows), [{ id: 'a' }, { id: 'b' }])
  const empty = await gatherRows(pieces('{"rows":[\n', '\n]}', '\n'), 1000)
  t.deepEqual(empty, { head: '{}', rows: '[]', isWhole: true })
})
