import test from 'ava'
import { checkAnswers, refused, type Exchange } from '../../helpers/answers.ts'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

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
