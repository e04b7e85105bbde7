import test from 'ava'
import { call } from '../../../helpers/http.ts'
import { checkAnswers, refused } from '../../../helpers/answers.ts'
import { withServer } from '../../../helpers/with-server.ts'

interface BulkGet {
  readonly results: readonly { readonly docs: readonly { readonly ok: { readonly _rev: string } }[] }[]
}

type Row = readonly [asked: unknown, id: unknown, rev: unknown, error: string, reason: string]

/** CouchDB's answers for rows that it cannot read (chttpd_db:bulk_get_parse_arg/2). */
const ROWS: readonly Row[] = [
  [5, null, null, 'bad_request', 'document must be a JSON object'],
  [null, null, null, 'bad_request', 'document must be a JSON object'],
  [[], null, null, 'bad_request', 'document must be a JSON object'],
  [{}, null, null, 'bad_request', 'document must be a JSON object'],
  [{ rev: '1-a' }, null, null, 'bad_request', 'document id missed'],
  [{ id: 5 }, 5, null, 'illegal_docid', 'Document id must be a string'],
  [{ id: '', rev: '1-a' }, '', null, 'illegal_docid', 'Document id must not be empty'],
  [{ id: 'a', rev: 5 }, 'a', 5, 'bad_request', 'Invalid rev format'],
  [{ id: 'a', rev: null }, 'a', null, 'bad_request', 'Invalid rev format'],
  [{ id: 'a', rev: '007-x' }, 'a', '7-x', 'not_found', 'missing'],
  [{ id: 'none' }, 'none', 'undefined', 'not_found', 'missing'],
  [{ id: 'a', atts_since: 5 }, 'a', 5, 'bad_request', 'att_since value must be array of revs.'],
  [{ id: 'a', atts_since: ['1-a', 'bad'] }, 'a', 'bad', 'bad_request', 'Invalid rev format'],
  [{ id: 'a', rev: 'x', atts_since: 5 }, 'a', 'x', 'bad_request', 'Invalid rev format'],
  [{ id: '_local/a' }, '_local/a', 'undefined', 'not_found', 'missing'],
]

test('a row of _bulk_get that cannot be read is an error of its own', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/a', { json: {} })
  await call(url, 'PUT', '/db/_local/a', { json: {} })
  const docs = ROWS.map(([asked]) => asked)
  const { body } = await call<{ results: unknown }>(url, 'POST', '/db/_bulk_get', { json: { docs } })
  t.deepEqual(
    body.results,
    ROWS.map(([, id, rev, error, reason]) => ({ id, docs: [{ error: { id, rev, error, reason } }] })),
  )
})

// CouchDB: chttpd_bulk_get_test
test(
  '_bulk_get without a revision gives all leaves in the order of the tree',
  withServer,
  async (t, { url }) => {
    const histories = [
      ['c', 'a'],
      ['d', 'b', 'a'],
      ['b', 'a'],
      ['e', 'a'],
    ]
    const docs = histories.map(ids => ({ _id: 'doc', _revisions: { start: ids.length, ids } }))
    await call(url, 'PUT', '/db')
    await call(url, 'POST', '/db/_bulk_docs', { json: { docs, new_edits: false } })
    const leaves = async (asked: object, query = '') => {
      const json = { docs: [{ id: 'doc', ...asked }] }
      const { body } = await call<BulkGet>(url, 'POST', `/db/_bulk_get${query}`, { json })
      return body.results[0]?.docs.map(({ ok }) => ok._rev)
    }
    t.deepEqual(await leaves({}), ['3-d', '2-c', '2-e'])
    t.deepEqual(await leaves({ rev: '1-a' }, '?latest=true'), ['3-d', '2-c', '2-e'])
    t.deepEqual(await leaves({ rev: '2-b' }, '?latest=true'), ['3-d'])
  },
)

test('_bulk_get of no database is 404 whatever is sent', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    {
      method: 'POST',
      path: '/none/_bulk_get',
      body: '{',
      headers: { 'content-type': 'text/plain' },
      status: 404,
      answer: refused('not_found', 'Database does not exist.'),
    },
  ]),
)

test(
  '_bulk_get sends attachments newer than atts_since, and none for an empty list',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    const _attachments = { f: { content_type: 'image/png', data: 'AAAA' } }
    const { body: written } = await call<{ rev: string }>(url, 'PUT', '/db/a', { json: { _attachments } })
    const attachmentFor = async (since: unknown) => {
      const json = { docs: [{ id: 'a', atts_since: since }] }
      const { body } = await call<Answer>(url, 'POST', '/db/_bulk_get', { json })
      return body.results[0]?.docs[0]?.ok._attachments.f
    }
    t.is((await attachmentFor(['0-x']))?.data, 'AAAA')
    t.true((await attachmentFor([written.rev]))?.stub)
    t.true((await attachmentFor([]))?.stub)
  },
)

test(
  '_bulk_get bounds the revisions that an element names, and lets others in between two deltas',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    const text = Array.from({ length: 60_000 }, (_, n) => `line ${n}`)
    const { body: first } = await call<{ rev: string }>(url, 'PUT', '/db/a', { json: { text } })
    const { body: second } = await call<{ rev: string }>(url, 'PUT', '/db/a', {
      json: { _rev: first.rev, n: 1, text },
    })
    const many = Array<string>(100_001).fill('1-a')
    for (const list of [{ atts_since: many }, { bases: many }]) {
      const path = '/db/_bulk_get?revs=true&deltas=true'
      const { body } = await call<{ results: [{ docs: [{ error: { error: string } }] }] }>(
        url,
        'POST',
        path,
        {
          json: { docs: [{ id: 'a', ...list }] },
        },
      )
      t.is(body.results[0].docs[0].error.error, 'too_large', Object.keys(list)[0])
    }
    const docs = Array<object>(60).fill({ id: 'a', rev: second.rev, bases: [first.rev] })
    const order: string[] = []
    const deltas = call<{ results: readonly { docs: readonly object[] }[] }>(
      url,
      'POST',
      '/db/_bulk_get?revs=true&deltas=true',
      { json: { docs } },
    ).finally(() => order.push('deltas'))
    const ups = async () => {
      for (let n = 0; n < 5; n++) await call(url, 'GET', '/_up')
      order.push('ups')
    }
    const [{ body }] = await Promise.all([deltas, ups()])
    t.true(body.results.every(({ docs: found }) => 'delta' in found[0]!))
    t.deepEqual(order, ['ups', 'deltas'])
  },
)

interface Answer {
  results: { docs: { ok: { _attachments: { f: { data?: string; stub?: boolean } } } }[] }[]
}
