import test from 'ava'
import { securedServer } from '../../../helpers/secured-server.ts'

interface Answer {
  readonly total_rows: number
  readonly rows: { id: string; key: unknown; value: unknown }[]
  readonly reduced?: unknown
}

const DOCS = [
  { _id: 'a', type: 'order', total: 3, customer: 'Zoë' },
  { _id: 'b', type: 'order', total: 4, customer: 'ada' },
  { _id: 'c', type: 'note' },
]
const MAP = 'function (doc) { if (doc.type === "order") emit(doc.customer, doc.total) }'

test('functions that are not stored give the rows that a view would give', async t => {
  const { admin } = await securedServer(t, 'couchdb/os_process_timeout=60000')
  await admin('PUT', '/db')
  const tried = await admin<Answer>('POST', '/db/_try_view', {
    json: { map: MAP, reduce: '_sum', docs: DOCS },
  })
  t.is(tried.status, 200)
  await admin('POST', '/db/_bulk_docs', { json: { docs: DOCS } })
  await admin('PUT', '/db/_design/d', { json: { views: { v: { map: MAP, reduce: '_sum' } } } })
  const view = '/db/_design/d/_view/v'
  const stored = await admin<Answer>('GET', `${view}?reduce=false`)
  t.deepEqual(tried.body.rows, stored.body.rows)
  const reduced = await admin<Answer>('GET', view)
  t.deepEqual(tried.body.reduced, reduced.body.rows[0]?.value)
  t.is(tried.body.reduced, 7)

  const own = 'function (keys, values, rereduce) { return values.length }'
  const counted = await admin<Answer>('POST', '/db/_try_view', {
    json: { map: MAP, reduce: own, docs: DOCS },
  })
  t.is(counted.body.reduced, 2)
  const none = await admin<Answer>('POST', '/db/_try_view', { json: { map: MAP, docs: [] } })
  t.deepEqual(none.body, { total_rows: 0, rows: [] })
  // Nothing is stored by a trial.
  t.is((await admin<{ doc_count: number }>('GET', '/db')).body.doc_count, 4)
})

test('a function that does not compile, and an invalid body, are 400', async t => {
  const { admin } = await securedServer(
    t,
    'couchdb/os_process_timeout=60000',
    'couchette/max_trial_documents=2',
  )
  await admin('PUT', '/db')
  const ask = (json: unknown) => admin<{ error: string; reason: string }>('POST', '/db/_try_view', { json })
  const broken = await ask({ map: 'function (doc) {', docs: DOCS.slice(0, 1) })
  t.is(broken.body.error, 'compilation_error')
  const cases: [unknown, string][] = [
    [{ docs: [] }, '`map` must be a string.'],
    [{ map: MAP, reduce: 1, docs: [] }, '`reduce` must be a string.'],
    [{ map: MAP, docs: {} }, '`docs` must be an array of documents.'],
    [{ map: MAP, docs: [1] }, '`docs` must be an array of documents.'],
    [{ map: MAP, docs: [], language: 'erlang' }, '`language` must be "javascript" or "coffeescript".'],
    [{ map: MAP, docs: DOCS }, 'A trial takes at most 2 documents.'],
  ]
  for (const [json, reason] of cases) {
    const { status, body } = await ask(json)
    t.deepEqual([status, body.reason], [400, reason])
  }
})
