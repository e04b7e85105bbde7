import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { call } from '../../helpers/http.ts'
import { securedServer } from '../../helpers/secured-server.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

type Document = { readonly _attachments: Record<string, { readonly data: string }> }
type Rows = { readonly rows: readonly { readonly doc: Document }[] }
type Results = { readonly results: readonly { readonly doc: Document }[] }
type BulkResults = { readonly results: readonly { readonly docs: readonly { readonly ok: Document }[] }[] }

/** Lengths around what base64 takes together, in the store and in files of several pieces. */
const FILES: Readonly<Record<string, { readonly type: string; readonly data: Buffer }>> = {
  empty: { type: 'application/octet-stream', data: Buffer.alloc(0) },
  one: { type: 'application/octet-stream', data: randomBytes(1) },
  small: { type: 'application/octet-stream', data: randomBytes(1000) },
  note: { type: 'text/plain', data: Buffer.from('a note, compressed in the store '.repeat(20)) },
  large: { type: 'application/octet-stream', data: randomBytes(400_001) },
  'a "text" ü': { type: 'text/plain', data: Buffer.from('gzipped on disk '.repeat(20_000)) },
}

async function open(t: ExecutionContext): Promise<string> {
  const dir = await tempDir()
  const server = await startServer({ data: dir.path })
  t.teardown(async () => {
    await server.close()
    await dir.remove()
  })
  const attachments = Object.fromEntries(
    Object.entries(FILES).map(([name, { type, data }]) => [
      name,
      { content_type: type, data: data.toString('base64') },
    ]),
  )
  await call(server.url, 'PUT', '/db')
  const design = { views: { all: { map: 'function (doc) { emit(doc._id) }' } } }
  await call(server.url, 'PUT', '/db/_design/d', { json: design })
  const docs = ['a', 'b'].map(_id => ({ _id, _attachments: attachments }))
  await call(server.url, 'POST', '/db/_bulk_docs', { json: { docs } })
  return server.url
}

function hasAll(t: ExecutionContext, document: Document | undefined, where: string): void {
  t.deepEqual(Object.keys(document?._attachments ?? {}).sort(), Object.keys(FILES).sort(), where)
  for (const [name, { data }] of Object.entries(FILES)) {
    const got = document?._attachments[name]?.data ?? 'none'
    t.true(got === data.toString('base64'), `${where}: ${name}`)
  }
}

test('attachments come inline, byte for byte, wherever documents come', async t => {
  const url = await open(t)
  const get = async <T>(path: string): Promise<T> => (await call<T>(url, 'GET', path)).body
  hasAll(t, await get('/db/a?attachments=true'), 'a document')
  const leaves = await get<{ ok: Document }[]>('/db/a?attachments=true&open_revs=all')
  hasAll(t, leaves[0]?.ok, 'open_revs')
  const asked = { docs: [{ id: 'a' }, { id: 'b' }] }
  const bulk = await call<BulkResults>(url, 'POST', '/db/_bulk_get?attachments=true', { json: asked })
  for (const { docs } of bulk.body.results) hasAll(t, docs[0]?.ok, '_bulk_get')
  for (const path of [
    '/db/_all_docs?include_docs=true&attachments=true&startkey="a"',
    '/db/_all_docs?include_docs=true&attachments=true&keys=["b","a"]',
    '/db/_design/d/_view/all?include_docs=true&attachments=true',
  ]) {
    const { rows } = await get<Rows>(path)
    t.is(rows.length, 2)
    for (const { doc } of rows) hasAll(t, doc, path)
  }
  for (const feed of ['normal', 'longpoll']) {
    const query = `include_docs=true&attachments=true&feed=${feed}&doc_ids=["a","b"]&filter=_doc_ids`
    const { results } = await get<Results>(`/db/_changes?${query}`)
    t.is(results.length, 2)
    for (const { doc } of results) hasAll(t, doc, feed)
  }
  const json = { selector: { _id: { $in: ['a', 'b'] } }, fields: ['_attachments', '_id'] }
  const selected = '/db/_changes?filter=_selector&include_docs=true&attachments=true'
  const { body } = await call<Results>(url, 'POST', selected, { json })
  t.is(body.results.length, 2)
  for (const { doc } of body.results) hasAll(t, doc, 'selected fields')
})

test('documents that rules look at come with their attachments, too', async t => {
  const url = await open(t)
  const user = { name: 'u', password: 'p', roles: [], type: 'user' }
  const data = FILES.large?.data.toString('base64')
  const json = { ...user, _attachments: { large: { content_type: 'application/octet-stream', data } } }
  t.is((await call(url, 'PUT', '/_users/org.couchdb.user:u', { json })).status, 201)
  const { body } = await call<Document>(url, 'GET', '/_users/org.couchdb.user:u?attachments=true')
  t.true(body._attachments.large?.data === data)
})

test('attachments stay in their places in documents that rules change', async t => {
  const { admin, as } = await securedServer(t)
  for (const name of ['ann', 'bob']) {
    const json = { name, password: 'p', roles: [], type: 'user' }
    await admin('PUT', `/_users/org.couchdb.user:${name}`, { json })
  }
  const security = { admins: { names: [], roles: [] }, members: { names: ['ann', 'bob'], roles: [] } }
  t.is((await admin('PUT', '/_replicator/_security', { json: security })).status, 200)
  const { small } = FILES
  const text = '\u0001-not a place\u0001'
  const json = {
    source: 'http://u:secret@127.0.0.1:1/a',
    target: 'http://127.0.0.1:1/b',
    text,
    _attachments: { small: { content_type: small?.type, data: small?.data.toString('base64') } },
  }
  t.is((await as('ann:p')('PUT', '/_replicator/job', { json })).status, 201)
  const bob = as<Document & { source: string; text: string }>('bob:p')
  const { body } = await bob('GET', '/_replicator/job?attachments=true')
  t.false(JSON.stringify(body.source).includes('secret'))
  t.is(body.text, text)
  t.is(body._attachments.small?.data, small?.data.toString('base64'))
})
