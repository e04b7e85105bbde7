import test from 'ava'
import { checkAnswers, refused } from '../../helpers/answers.ts'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

const MISSING = { status: 404, answer: refused('not_found', 'missing') }
const NO_LIST = { status: 400, answer: refused('bad_request', 'Invalid list of revisions') }

const TWO_LEAVES = {
  new_edits: false,
  docs: [
    { _id: 'doc', _rev: '1-a' },
    { _id: 'doc', _rev: '1-b' },
  ],
}

test('of a parameter of a document that is given twice the last counts', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'POST', path: '/db/_bulk_docs', body: TWO_LEAVES, status: 201 },
    { method: 'GET', path: '/db/doc?rev=1-b&rev=1-a', status: 200, answer: { _rev: '1-a' } },
    {
      method: 'GET',
      path: '/db/doc?open_revs=all&open_revs=["1-a"]',
      status: 200,
      answer: [{ ok: { _id: 'doc', _rev: '1-a' } }],
    },
  ]),
)

test('latest leads to the winner from any revision, also one that is not there', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'POST', path: '/db/_bulk_docs', body: TWO_LEAVES, status: 201 },
    { method: 'GET', path: '/db/doc?rev=1-a&latest=true', status: 200, answer: { _rev: '1-b' } },
    { method: 'GET', path: '/db/doc?rev=9-x&latest=true', status: 200, answer: { _rev: '1-b' } },
    {
      method: 'GET',
      path: '/db/doc?rev=1-a&latest=true&conflicts=true',
      status: 200,
      answer: { _conflicts: ['1-a'] },
    },
    { method: 'GET', path: '/db/doc?rev=bad&latest=true', status: 400 },
    { method: 'GET', path: '/db/none?rev=9-x&latest=true', ...MISSING },
  ]),
)

test('what is no list of revisions is refused', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'PUT', path: '/db/doc', body: {}, status: 201 },
    { method: 'GET', path: '/db/doc?atts_since=5', ...NO_LIST },
    { method: 'GET', path: '/db/doc?atts_since=null', ...NO_LIST },
    { method: 'GET', path: '/db/doc?open_revs=5', ...NO_LIST },
    {
      method: 'GET',
      path: '/db/doc?atts_since=x',
      status: 400,
      answer: refused('bad_request', 'invalid UTF-8 JSON'),
    },
  ]),
)

test('a local document is not found by its revision', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'PUT', path: '/db/_local/l', body: {}, status: 201 },
    { method: 'GET', path: '/db/_local/l', status: 200 },
    { method: 'GET', path: '/db/_local/l?rev=0-1', ...MISSING },
    { method: 'GET', path: '/db/_local/l?rev=0-1&latest=true', status: 200 },
    { method: 'GET', path: '/db/_local/l?open_revs=all', ...MISSING },
    { method: 'GET', path: '/db/_local/l?open_revs=["0-1"]', status: 200, answer: [{ missing: '0-1' }] },
  ]),
)

// CouchDB: chttpd_local_docs_tests
test('what clusters keep as local documents is listed to who asks for it', withServer, async (t, { url }) => {
  const ids = ['1', 'purge-mrview-a', 'shard-sync-a', 'z'].map(name => `_local/${name}`)
  await call(url, 'PUT', '/db')
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs: ids.map(_id => ({ _id })) } })
  const listed = async (query: string) => {
    const { body } = await call<{ rows: { id: string }[] }>(url, 'GET', `/db/_local_docs?${query}`)
    return body.rows.map(({ id }) => id)
  }
  t.deepEqual(await listed(''), ['_local/1', '_local/z'])
  t.deepEqual(await listed('limit=1&skip=1'), ['_local/z'])
  t.deepEqual(await listed('include_system=true&limit=3'), ids.slice(0, 3))
  t.deepEqual(await listed('include_system=true&descending=true'), ids.toReversed())
  t.deepEqual(await listed('limit=0'), [])
  t.deepEqual(await listed(`keys=${JSON.stringify(ids.slice(1, 2))}`), ids.slice(1, 2))
})

test('more copies than there are make the answer 202, also of attachments', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'PUT', path: '/db/doc?w=2', body: {}, status: 202 },
    { method: 'PUT', path: '/db/other/a.txt?w=2', body: {}, status: 202 },
    { method: 'PUT', path: '/db/third/a.txt?w=1', body: {}, status: 201 },
    { method: 'PUT', path: '/db/third/a.txt?w=x', body: {}, status: 400 },
  ]),
)

// CouchDB: couch_doc:to_json_revisions/3, with the number as its one hash.
test('a local document has one revision to show', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'PUT', path: '/db/_local/x', body: { n: 1 }, status: 201 },
    { method: 'PUT', path: '/db/_local/x', body: { _rev: '0-1', n: 2 }, status: 201 },
    {
      method: 'GET',
      path: '/db/_local/x?revs=true&revs_info=true&conflicts=true',
      status: 200,
      answer: { _id: '_local/x', _rev: '0-2', n: 2, _revisions: { start: 0, ids: ['2'] } },
    },
    { method: 'GET', path: '/db/_local/x', status: 200, answer: { _id: '_local/x', _rev: '0-2', n: 2 } },
  ]),
)
