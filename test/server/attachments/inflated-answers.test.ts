import test from 'ava'
import { gzipSync } from 'node:zlib'
import { startServer } from '../../helpers/server.ts'
import { call } from '../../helpers/http.ts'
import { readGrowth } from '../../helpers/read-growth.ts'

/** Bytes of data; the answers have a third more where they are JSON. */
const SIZE = 256 * 1024 * 1024

/** Bytes by which client and server of this process may grow. An answer that is held whole is more. */
const MOST = 0.75 * SIZE

/** Every answer that carries the data of attachments. `_changes` has a test of its own. */
const ROUTES: readonly (readonly [title: string, method: 'GET' | 'POST', path: string, json?: object])[] = [
  ['a document', 'GET', '/db/doc?attachments=true'],
  ['its leaves', 'GET', '/db/doc?attachments=true&open_revs=all'],
  ['_bulk_get', 'POST', '/db/_bulk_get?attachments=true', { docs: [{ id: 'doc' }] }],
  ['_all_docs', 'GET', '/db/_all_docs?include_docs=true&attachments=true'],
  ['a view', 'GET', '/db/_design/d/_view/all?include_docs=true&attachments=true'],
  ['the attachment', 'GET', '/db/doc/file'],
]

const design = { _id: '_design/d', views: { all: { map: 'function (doc) { emit(doc._id) }' } } }

test('answers send what a small file inflates to, and hold little of it', async t => {
  t.timeout(240_000)
  const server = await startServer()
  t.teardown(server.close)
  const { url } = server
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/_design/d', { json: design })
  const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' }
  await call(url, 'PUT', '/db/doc/file', { raw: gzipSync(Buffer.alloc(SIZE)), headers })
  for (const [title, method, path, json] of ROUTES) {
    const { bytes, grown } = await readGrowth(url, path, { method, ...(json === undefined ? {} : { json }) })
    t.true(bytes >= SIZE, `${title}: ${bytes} bytes`)
    t.true(grown < MOST, `${title}: grown by ${Math.round(grown / 1e6)} MB`)
  }
})

test('bodies that inflate to more than is taken are refused, and little of them is held', async t => {
  t.timeout(240_000)
  const server = await startServer()
  t.teardown(server.close)
  const { url } = server
  await call(url, 'PUT', '/db')
  const raw = gzipSync(Buffer.alloc(SIZE, 0x20))
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  for (const path of ['_bulk_get', '_revs_diff', '_find', '_changes']) {
    const before = process.memoryUsage().rss
    const { status } = await call(url, 'POST', `/db/${path}`, { raw, headers })
    const grown = process.memoryUsage().rss - before
    t.is(status, 413, path)
    t.true(grown < MOST, `${path}: grown by ${Math.round(grown / 1e6)} MB`)
  }
})
