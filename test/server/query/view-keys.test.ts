import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

interface Rows {
  readonly rows: readonly { readonly id: string }[]
}

const VIEW = '/db/_design/d/_view/by-n'

async function makeView(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const views = { 'by-n': { map: 'function (doc) { emit(doc.n, null) }' } }
  await call(url, 'PUT', '/db/_design/d', { json: { views } })
  const docs = [{ _id: 'none' }, { _id: 'null', n: null }, { _id: 'zero', n: 0 }, { _id: 'one', n: 1 }]
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
}

// CouchDB: couch_mrview_http:parse_param/4, for which null is a key like others.
test('the key null finds the rows of that key, however it is asked', withServer, async (t, { url }) => {
  await makeView(url)
  const idsOf = ({ rows }: Rows) => rows.map(({ id }) => id)
  const asked = await call<Rows>(url, 'GET', `${VIEW}?key=null`)
  t.deepEqual(idsOf(asked.body), ['none', 'null'])
  const posted = await call<Rows>(url, 'POST', VIEW, { json: { key: null } })
  t.deepEqual(idsOf(posted.body), ['none', 'null'])
  const queries = [{ key: null }, { key: 0 }]
  const { body } = await call<{ results: Rows[] }>(url, 'POST', `${VIEW}/queries`, { json: { queries } })
  t.deepEqual(body.results.map(idsOf), [['none', 'null'], ['zero']])
})

// CouchDB: couch_mrview_http:parse_params/4 takes the parameters in their order.
test(
  'a key is a start and an end, either of which a later parameter replaces',
  withServer,
  async (t, { url }) => {
    await makeView(url)
    const ids = async (query: string) =>
      (await call<Rows>(url, 'GET', `${VIEW}?${query}`)).body.rows.map(({ id }) => id)
    t.deepEqual(await ids('key=0&endkey=1'), ['zero', 'one'])
    t.deepEqual(await ids('endkey=1&key=0'), ['zero'])
    t.is((await call(url, 'GET', `${VIEW}?key=0&startkey=1`)).status, 400)
  },
)

// CouchDB: chttpd_view:handle_temp_view_req/2
test('a temporary view is gone, and missing in a missing database', withServer, async (t, { url }) => {
  await makeView(url)
  const json = { map: 'function (doc) { emit(doc._id) }' }
  const { status, body } = await call(url, 'POST', '/db/_temp_view', { json })
  t.is(status, 410)
  t.deepEqual(body, { error: 'gone', reason: 'Temporary views are not supported in CouchDB' })
  t.is((await call(url, 'POST', '/missing/_temp_view', { json })).status, 404)
})

interface Answer {
  readonly total_rows?: number
  readonly offset?: number
  readonly rows?: readonly { readonly id?: string; readonly key: unknown; readonly value: unknown }[]
  readonly reason?: string
}

/** Nine documents d0 to d8, whose keys are 0, 1, 2, 0, 1, … */
async function makeThirds(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const map = 'function (doc) { emit(doc.k, 1) }'
  await call(url, 'PUT', '/db/_design/d', { json: { views: { k: { map }, sum: { map, reduce: '_sum' } } } })
  const docs = Array.from({ length: 9 }, (_, at) => ({ _id: `d${at}`, k: at % 3 }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
}

// CouchDB: couch_mrview_util:key_opts/2 applies them to each key; the offset is that of the first row found.
test('document ids and the excluded end limit each of several keys', withServer, async (t, { url }) => {
  await makeThirds(url)
  const ask = async (query: string) => {
    const { body } = await call<Answer>(url, 'GET', `/db/_design/d/_view/k?${query}`)
    return `${body.offset}: ${(body.rows ?? []).map(({ id }) => id).join()}`
  }
  t.is(await ask('keys=[0,2]&startkey_docid=d3&endkey_docid=d5'), '1: d3,d5')
  t.is(await ask('keys=[2,0]&startkey_docid=d3'), '7: d5,d8,d3,d6')
  t.is(await ask('keys=[2,0]&endkey_docid=d3'), '6: d2,d0,d3')
  t.is(await ask('keys=[0,2]&startkey_docid=d5&endkey_docid=d3&descending=true'), '1: d5,d3')
  t.is(await ask('keys=[0,2]&inclusive_end=false'), '6: ')
  t.is(await ask('keys=[0,2]&inclusive_end=false&descending=true'), '6: ')
  t.is(await ask('keys=[0,2]&inclusive_end=false&endkey_docid=d5'), '0: d0,d3,d2')
  t.is(await ask('keys=[0]&startkey_docid=d3'), '1: d3,d6')
  t.is(await ask('key=0&startkey_docid=d3&endkey_docid=d3'), '1: d3')
})

test('the offset of several keys is that of the first that has rows', withServer, async (t, { url }) => {
  await makeThirds(url)
  const offset = async (query: string) =>
    (await call<Answer>(url, 'GET', `/db/_design/d/_view/k?${query}`)).body.offset
  t.is(await offset('keys=[0.5,2,1]'), 6)
  t.is(await offset('keys=[2,0.5,1]&descending=true'), 3)
  t.is(await offset('keys=[7,0.5,"x"]'), 9)
  t.is(await offset('keys=[7,0.5]'), 3)
  t.is(await offset('keys=[]'), 0)
  t.is(await offset('keys=[1,0]&limit=0'), 3)
  t.is(await offset('keys=[2,0]&skip=7'), 9)
})

test('a single key in keys is a key', withServer, async (t, { url }) => {
  await makeThirds(url)
  const path = '/db/_design/d/_view/sum'
  const one = [{ key: null, value: 3 }]
  t.deepEqual((await call<Answer>(url, 'GET', `${path}?keys=[1]`)).body.rows, one)
  t.deepEqual((await call<Answer>(url, 'POST', path, { json: { keys: [1] } })).body.rows, one)
  t.deepEqual((await call<Answer>(url, 'GET', `${path}?keys=[1]&group=true`)).body.rows, [
    { key: 1, value: 3 },
  ])
  const { body } = await call<{ results: Answer[] }>(url, 'POST', `${path}/queries`, {
    json: { queries: [{ keys: [1] }, { keys: [1, 2], group: true }] },
  })
  t.deepEqual(
    body.results.map(({ rows }) => rows?.length),
    [1, 2],
  )
  const none = await call<Answer>(url, 'GET', '/db/_design/d/_view/k?keys=[7]')
  t.deepEqual(none.body, { total_rows: 9, offset: 9, rows: [] })
  const reversed = await call<Answer>(url, 'GET', '/db/_design/d/_view/k?keys=[1]&startkey=2')
  t.regex(reversed.body.reason ?? '', /^No rows can match your key range/)
  for (const keys of ['[]', '[1,2]']) {
    const { body } = await call<Answer>(url, 'GET', `${path}?keys=${keys}`)
    t.is(body.reason, 'Multi-key fetches for reduce views must use `group=true`')
  }
})

// In CouchDB the coordinator finds the rows of a key by collation (fabric_view:reduce_row_dict_take/3).
test('grouped rows of several keys show each key as it was asked for', withServer, async (t, { url }) => {
  await makeThirds(url)
  const rows = async (query: string) =>
    (await call<Answer>(url, 'GET', `/db/_design/d/_view/sum?group=true&${query}`)).body.rows?.map(
      ({ key, value }) => [key, value],
    )
  t.deepEqual(await rows('keys=[2,1,2,5]'), [
    [2, 3],
    [1, 3],
    [2, 3],
  ])
  t.deepEqual(await rows('keys=[2,1,0]&skip=1&limit=1'), [[1, 3]])
  t.deepEqual(await rows('keys=[2,0]&startkey_docid=d3'), [
    [2, 2],
    [0, 2],
  ])
  t.deepEqual(await rows('keys=[0,2]&inclusive_end=false'), [])
})

// CouchDB: couch_mrview:get_info/2 starts no query server.
test(
  'design documents in a language that cannot be run have an index to describe',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    const views = { v: { map: 'fun({Doc}) -> Emit(null, Doc) end.', reduce: '_sum' } }
    await call(url, 'PUT', '/db/_design/e', { json: { language: 'erlang', views } })
    const { status, body } = await call<{ view_index: { language: string; update_seq: number } }>(
      url,
      'GET',
      '/db/_design/e/_info',
    )
    t.is(status, 200)
    t.like(body.view_index, { language: 'erlang', update_seq: 0 })
    const view = await call(url, 'GET', '/db/_design/e/_view/v')
    t.is(view.body['error'], 'unknown_query_language')
  },
)
