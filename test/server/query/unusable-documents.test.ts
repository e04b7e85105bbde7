import test from 'ava'
import { securedServer } from '../../helpers/secured-server.ts'

const json = { 'content-type': 'application/json' }
const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`

test('documents that are too deep for functions and indexes are passed over, not their neighbours', async t => {
  t.timeout(120_000)
  // As it was before there was a limit.
  const { admin } = await securedServer(t, 'couchette/max_document_depth=500000')
  await admin('PUT', '/db')
  for (const depth of [2000, 5000, 20_000])
    t.is((await admin('PUT', `/db/deep${depth}`, { raw: nested(depth), headers: json })).status, 201)
  for (const id of ['a', 'b', 'z']) await admin('PUT', `/db/${id}`, { json: { a: 1 } })
  const ddoc = {
    views: { v: { map: 'function (doc) { emit(doc._id, null) }' } },
    filters: { all: 'function (doc) { return doc._id[0] !== "_" }' },
  }
  await admin('PUT', '/db/_design/d', { json: ddoc })
  const view = await admin<{ rows: { id: string }[] }>('GET', '/db/_design/d/_view/v')
  t.deepEqual(
    view.body.rows.map(({ id }) => id),
    ['a', 'b', 'z'],
  )
  const feed = await admin<{ results: { id: string }[] }>('GET', '/db/_changes?filter=d/all')
  const passed = feed.body.results.map(({ id }) => id)
  t.true(['a', 'b', 'z'].every(id => passed.includes(id)))
  t.false(passed.includes('deep20000'))
  await admin('POST', '/db/_index', { json: { index: { fields: ['a'] } } })
  for (const selector of [{ a: { $gt: 0 } }, { a: 1 }, { $or: [{ a: 1 }, { a: 2 }] }]) {
    const found = await admin<{ docs: { _id: string }[] }>('POST', '/db/_find', { json: { selector } })
    t.is(found.status, 200)
    t.true(['a', 'b', 'z'].every(id => found.body.docs.some(({ _id }) => _id === id)))
  }
  t.is((await admin('POST', '/db/_changes?filter=_selector', { json: { selector: { a: 1 } } })).status, 200)
})

test('a document of the deepest nesting that is taken goes through all functions', async t => {
  const { admin } = await securedServer(t)
  await admin('PUT', '/db')
  const ddoc = {
    views: { v: { map: 'function (doc) { emit(doc.a, doc) }' } },
    validate_doc_update: 'function (doc) { if (!doc.a) throw { forbidden: "no" } }',
  }
  await admin('PUT', '/db/_design/d', { json: { ...ddoc, a: 1 } })
  t.is((await admin('PUT', '/db/deep', { raw: nested(999), headers: json })).status, 201)
  const { status, body } = await admin('PUT', '/db/deeper', { raw: nested(1000), headers: json })
  t.is(status, 400)
  t.deepEqual(body, {
    error: 'doc_validation',
    reason: 'The document is nested more than 1000 levels deep.',
  })
  t.is((await admin<{ rows: object[] }>('GET', '/db/_design/d/_view/v')).body.rows.length, 1)
  t.is((await admin('POST', '/db/_find', { json: { selector: { a: { $gt: null } } } })).status, 200)
})

test('generations that could not be edited are refused, one document at a time', async t => {
  const { admin } = await securedServer(t)
  await admin('PUT', '/db')
  const docs = [
    { _id: 'negative', _revisions: { start: -5, ids: ['a'] } },
    { _id: 'huge', _revisions: { start: 2 ** 53, ids: ['a'] } },
    { _id: 'last', _rev: '999999999999999-a' },
    { _id: 'good', _revisions: { start: 2, ids: ['b', 'a'] } },
  ]
  const written = await admin<{ id: string; error: string }[]>('POST', '/db/_bulk_docs', {
    json: { new_edits: false, docs },
  })
  t.deepEqual(
    written.body.map(({ id, error }) => [id, error]),
    ['negative', 'huge', 'last'].map(id => [id, 'doc_validation']),
  )
  for (const { _id, ...doc } of docs.slice(0, 3))
    t.is((await admin('PUT', `/db/${_id}?new_edits=false`, { json: doc })).status, 400, _id)
  t.is((await admin('GET', '/db/good')).status, 200)
  t.is((await admin('PUT', '/db/new', { json: { _rev: '999999999999999-a' } })).status, 400)
})

test('a document that is too deep for validation functions is refused alone, with 400', async t => {
  const { admin } = await securedServer(t, 'couchette/max_document_depth=500000')
  await admin('PUT', '/db')
  await admin('PUT', '/db/_design/d', { json: { validate_doc_update: 'function () {}' } })
  const refused = await admin('PUT', '/db/deep', { raw: nested(20_000), headers: json })
  t.is(refused.status, 400)
  t.deepEqual(refused.body, {
    error: 'doc_validation',
    reason: 'The document is nested too deeply for the validation functions of its database.',
  })
  const raw = `{"docs":[{"_id":"a"},{"_id":"deep",${nested(20_000).slice(1)},{"_id":"b"}]}`
  const written = await admin<{ id: string; error?: string }[]>('POST', '/db/_bulk_docs', {
    raw,
    headers: json,
  })
  t.is(written.status, 201)
  t.deepEqual(
    written.body.map(({ id, error }) => [id, error]),
    [
      ['a', undefined],
      ['deep', 'doc_validation'],
      ['b', undefined],
    ],
  )
})
