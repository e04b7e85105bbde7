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
