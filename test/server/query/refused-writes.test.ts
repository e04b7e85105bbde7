import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

const VALIDATE = `function (doc) {
  if (doc.no) throw { forbidden: { field: 'no', of: [doc._id] } }
  if (doc.who) throw { unauthorized: 42 }
  if (doc.odd) throw { surprising: { text: 'odd' } }
}`

// CouchDB: couch_query_servers:validate_doc_update/5, chttpd:error_info/1. PouchDB's users find out by `reason.field`.
test('what a validation throws is the reason as it is, object or number', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/_design/d', { json: { validate_doc_update: VALIDATE } })
  const refused = await call(url, 'PUT', '/db/a', { json: { no: true } })
  t.is(refused.status, 403)
  t.deepEqual(refused.body, { error: 'forbidden', reason: { field: 'no', of: ['a'] } })
  const anonymous = await call(url, 'PUT', '/db/a', { json: { who: true } })
  t.is(anonymous.status, 401)
  t.deepEqual(anonymous.body, { error: 'unauthorized', reason: 42 })
})

test(
  'rows of refused documents have their id, error and reason, those of replicated ones their revision too',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    await call(url, 'PUT', '/db/_design/d', { json: { validate_doc_update: VALIDATE } })
    const docs = [
      { _id: 'a', _rev: '1-a', no: true },
      { _id: 'b', _rev: '1-b', who: true },
      { _id: 'c', _rev: '1-c' },
    ]
    const replicated = await call<unknown>(url, 'POST', '/db/_bulk_docs', {
      json: { docs, new_edits: false },
    })
    const rows = [
      { id: 'a', rev: '1-a', error: 'forbidden', reason: { field: 'no', of: ['a'] } },
      { id: 'b', rev: '1-b', error: 'unauthorized', reason: 42 },
    ]
    t.is(replicated.status, 201)
    t.deepEqual(replicated.body, rows)
    const edited = docs.slice(0, 2).map(({ _rev, ...doc }) => doc)
    const { body } = await call<unknown>(url, 'POST', '/db/_bulk_docs', { json: { docs: edited } })
    t.deepEqual(
      body,
      rows.map(({ rev: _rev, ...row }) => row),
    )
  },
)

test(
  'what is neither forbidden nor unauthorized is an unknown error, told as Erlang prints it',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    await call(url, 'PUT', '/db/_design/d', { json: { validate_doc_update: VALIDATE } })
    const { status, body } = await call(url, 'PUT', '/db/a', { json: { odd: true } })
    t.is(status, 500)
    t.deepEqual(body, { error: 'unknown_error', reason: '{[{<<"text">>,<<"odd">>}]}' })
  },
)

// CouchDB: couch_mrview:validate_ddoc_field/2
test('null is no object where a design document has to have one', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  for (const [member, name] of [
    [{ views: null }, 'views'],
    [{ views: { all: null } }, 'views.all'],
    [{ options: null }, 'options'],
  ] as const) {
    const refused = await call(url, 'PUT', '/db/_design/d', { json: member })
    t.is(refused.status, 400)
    const reason = `\`${name}\` field must have object type`
    t.deepEqual(refused.body, { error: 'invalid_design_doc', reason })
  }
})
