import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

const DESIGN = '/db/_design/d'

async function makeDesign(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const json = {
    views: { all: { map: 'function (doc) { emit(doc._id, null) }' } },
    lists: {
      ids: 'function (head, req) { var r, ids = []; while (r = getRow()) ids.push(r.key); return ids.join() }',
      body: 'function (head, req) { return JSON.stringify(req.body) }',
    },
    shows: {
      name: 'function (doc, req) { return doc.name }',
      method: 'function (doc, req) { return req.method }',
      tagged: 'function () { return { headers: { Etag: "mine", "X-Mine": "yes" }, body: "" } }',
    },
    updates: {
      new: 'function (doc, req) { return [{ _id: req.id }, "made"] }',
      list: 'function () { return [[1], "kept"] }',
      method: 'function (doc, req) { return [null, req.method] }',
    },
  }
  await call(url, 'PUT', DESIGN, { json })
  const docs = [{ _id: 'a', name: 'Ada' }, { _id: 'b' }, { _id: 'c' }]
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
}

// CouchDB: share/server/render.js, runShow
test(
  'a show that fails on a missing document says that the document is missing',
  withServer,
  async (t, { url }) => {
    await makeDesign(url)
    t.is((await call<unknown>(url, 'GET', `${DESIGN}/_show/name/a`)).body, 'Ada')
    const missing = await call(url, 'GET', `${DESIGN}/_show/name/none`)
    t.is(missing.status, 404)
    t.deepEqual(missing.body, { error: 'not_found', reason: 'document not found' })
    const without = await call(url, 'GET', `${DESIGN}/_show/name`)
    t.is(without.status, 500)
    t.is(without.body['error'], 'render_error')
  },
)

test('shows take any method, updates all that write', withServer, async (t, { url }) => {
  await makeDesign(url)
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    t.is((await call<unknown>(url, method, `${DESIGN}/_show/method`)).body, method)
  }
  t.is((await call<unknown>(url, 'DELETE', `${DESIGN}/_update/method/a`)).body, 'DELETE')
})

test('an update function may not make a document without an id', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const json = { updates: { empty: 'function (doc, req) { return [{}, "oops"] }' } }
  await call(url, 'PUT', DESIGN, { json })
  const answer = await call(url, 'PUT', `${DESIGN}/_update/empty/a`)
  t.is(answer.status, 400)
  t.deepEqual(answer.body, { error: 'illegal_docid', reason: 'Document id must not be empty' })
})

test('functions in a language that nothing runs are refused by its name', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const code = { all: 'fun({Doc}, Req) -> true end.' }
  await call(url, 'PUT', DESIGN, { json: { language: 'erlang', filters: code, shows: code } })
  for (const path of ['/db/_changes?filter=d/all', `${DESIGN}/_show/all`]) {
    const answer = await call(url, 'GET', path)
    t.is(answer.status, 500)
    t.deepEqual(answer.body, { error: 'unknown_query_language', reason: 'erlang' })
  }
})

// CouchDB: chttpd_show:send_doc_update_response/6, apply_etag/2
test('an update saves objects alone, and names what it saved in a header', withServer, async (t, { url }) => {
  await makeDesign(url)
  const made = await call<unknown>(url, 'PUT', `${DESIGN}/_update/new/x/y z`.replace(' ', '%20'))
  t.deepEqual([made.status, made.headers['x-couch-id'], made.body], [201, 'x%2Fy%20z', 'made'])
  const kept = await call<unknown>(url, 'PUT', `${DESIGN}/_update/list/a`)
  t.deepEqual([kept.status, kept.headers['x-couch-id'], kept.body], [200, undefined, 'kept'])
})

test('a show function has headers, but not the ETag', withServer, async (t, { url }) => {
  await makeDesign(url)
  const { headers } = await call<unknown>(url, 'GET', `${DESIGN}/_show/tagged/a`)
  t.is(headers['x-mine'], 'yes')
  t.not(headers.etag, 'mine')
})

// CouchDB: chttpd_show:handle_view_list_req/3
test('a list is asked for keys by a JSON body, and the function sees it', withServer, async (t, { url }) => {
  await makeDesign(url)
  const json = { keys: ['c', 'a'] }
  t.is((await call<unknown>(url, 'POST', `${DESIGN}/_list/ids/all`, { json })).body, 'c,a')
  t.is((await call<unknown>(url, 'POST', `${DESIGN}/_list/ids/d/all`, { json: {} })).body, 'a,b,c')
  t.deepEqual((await call(url, 'POST', `${DESIGN}/_list/body/all`, { json })).body, json)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const form = await call(url, 'POST', `${DESIGN}/_list/ids/all`, { raw: 'keys=a', headers })
  t.is(form.status, 415)
  t.is(form.body['error'], 'bad_content_type')
})

test('a list of _all_docs lists the documents', withServer, async (t, { url }) => {
  await makeDesign(url)
  const { body } = await call<unknown>(url, 'GET', `${DESIGN}/_list/ids/_all_docs?startkey="a"&limit=2`)
  t.is(body, 'a,b')
})

test('what is not the path of a function is told so', withServer, async (t, { url }) => {
  await makeDesign(url)
  const paths = {
    _show: 'show',
    _update: 'update',
    _list: 'list',
    '_list/ids': 'list',
    '_list/ids/d/all/x': 'list',
  }
  for (const [path, kind] of Object.entries(paths)) {
    const { status, body } = await call(url, 'GET', `${DESIGN}/${path}`)
    t.is(status, 404, path)
    t.deepEqual(body, { error: `${kind}_error`, reason: 'Invalid path.' }, path)
  }
  t.is((await call(url, 'GET', '/db/_design/none/_show')).body['error'], 'not_found')
})
