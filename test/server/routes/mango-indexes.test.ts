import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

interface Listed {
  readonly total_rows: number
  readonly indexes: readonly { readonly name: string }[]
}

// CouchDB: mango_httpd:handle_index_req/2
test(
  'indexes are listed by design document and name, in whatever order they were made',
  withServer,
  async (t, { url }) => {
    await makeIndexes(url, ['b/z', 'b/y', 'a/x', 'b/10', 'b/9'])
    const { body } = await call<Listed>(url, 'GET', '/db/_index')
    t.deepEqual(
      body.indexes.map(({ name }) => name),
      ['_all_docs', 'x', '10', '9', 'y', 'z'],
    )
  },
)

test('a list of indexes can be limited and begin later', withServer, async (t, { url }) => {
  await makeIndexes(url, ['d/a', 'd/b', 'd/c'])
  const { body } = await call<Listed>(url, 'GET', '/db/_index?limit=2&skip=1')
  t.is(body.total_rows, 4)
  t.deepEqual(
    body.indexes.map(({ name }) => name),
    ['a', 'b'],
  )
  t.deepEqual((await call<Listed>(url, 'GET', '/db/_index?skip=9')).body.indexes, [])
})

test(
  'a limit below one, a negative skip and what is no integer are refused as CouchDB refuses them',
  withServer,
  async (t, { url }) => {
    await makeIndexes(url, [])
    for (const query of ['limit=0', 'limit=-1', 'skip=-1', 'limit=many', 'limit=1.5', 'skip=']) {
      const { status, body } = await call(url, 'GET', `/db/_index?${query}`)
      t.is(status, 500, query)
      t.deepEqual(body, {
        error: 'invalid_list_index_params',
        reason: 'Index parameter ranges: limit > 1, skip > 0',
      })
    }
  },
)

interface Created {
  readonly result: string
  readonly id: string
  readonly name: string
}

async function create(url: string, json: object): Promise<Created> {
  return (await call<Created>(url, 'POST', '/db/_index', { json })).body
}

async function namesOf(url: string): Promise<string[]> {
  return (await call<Listed>(url, 'GET', '/db/_index')).body.indexes.map(({ name }) => name)
}

// CouchDB: mango_idx:gen_name/2 covers the index and its name.
test(
  'indexes of different names on the same fields do not share a design document',
  withServer,
  async (t, { url }) => {
    await makeIndexes(url, [])
    const index = { fields: ['a'] }
    const one = await create(url, { index, name: 'one' })
    const two = await create(url, { index, name: 'two' })
    const unnamed = await create(url, { index })
    t.is(new Set([one.id, two.id, unnamed.id]).size, 3)
    t.deepEqual(await create(url, { index, name: 'one' }), { ...one, result: 'exists' })
    t.deepEqual(await create(url, { index }), { ...unnamed, result: 'exists' })
    t.is((await call(url, 'DELETE', `/db/_index/${one.id}/json/one`)).status, 200)
    t.deepEqual((await namesOf(url)).sort(), ['_all_docs', unnamed.name, 'two'].sort())
    const { body } = await call<{ docs: object[]; warning?: string }>(url, 'POST', '/db/_find', {
      json: { selector: { a: 1 }, use_index: [two.id, 'two'] },
    })
    t.is(body.warning, undefined)
  },
)

test(
  'a named index in a design document that an earlier version named exists',
  withServer,
  async (t, { url }) => {
    await makeIndexes(url, [])
    const index = { fields: ['a'] }
    const { id, name } = await create(url, { index })
    const { body } = await call<{ views: Record<string, object> }>(url, 'GET', `/db/${id}`)
    await call(url, 'PUT', `/db/${id}`, { json: { ...body, views: { old: body.views[name] } } })
    t.deepEqual(await create(url, { index, name: 'old' }), { result: 'exists', id, name: 'old' })
    const other = await create(url, { index, name: 'new' })
    t.not(other.id, id)
    t.is((await call(url, 'DELETE', `/db/_index/${id}/json/old`)).status, 200)
    t.deepEqual(await namesOf(url), ['_all_docs', 'new'])
  },
)

test('names of indexes have at most two parts behind _design', withServer, async (t, { url }) => {
  await makeIndexes(url, ['d/a'])
  const reasonOf = async (use_index: string) => {
    const { body } = await call(url, 'POST', '/db/_find', { json: { selector: { a: 1 }, use_index } })
    return body.reason
  }
  for (const name of ['d', '_design/d', 'd/a', '_design/d/a', '_design'])
    t.is(await reasonOf(name), undefined)
  for (const name of ['a/b/c', '_design/a/b/c', '//'])
    t.is(await reasonOf(name), `Invalid index name: <<${Buffer.from(name).join(',')}>>`)
  const deleted = await call(url, 'POST', '/db/_index/_bulk_delete', { json: { docids: ['d', 'a/b/c'] } })
  t.is(deleted.body.error, 'invalid_index_name')
  t.deepEqual(await namesOf(url), ['_all_docs', 'a'])
})

test('indexes are deleted in bulk with or without _design in front', withServer, async (t, { url }) => {
  await makeIndexes(url, ['d/a', 'd/b', 'e/c'])
  const { body } = await call(url, 'POST', '/db/_index/_bulk_delete', {
    json: { docids: ['d', 'none', '_design/e', '_design/d'] },
  })
  t.deepEqual(body, {
    success: [
      { id: '_design/e', ok: true },
      { id: '_design/d', ok: true },
    ],
    fail: [
      { id: '_design/d', error: 'not_found' },
      { id: '_design/none', error: 'not_found' },
    ],
  })
})

interface Found {
  readonly docs: readonly object[]
  readonly reason?: string
  readonly execution_stats: Readonly<Record<string, number>>
}

// CouchDB: mango_cursor_view:view_cb/2 counts where rows are read, handle_all_docs_message/2 drops design documents.
test(
  'statistics count design documents and what several copies are asked for',
  withServer,
  async (t, { url }) => {
    await makeIndexes(url, ['d/a'])
    await call(url, 'POST', '/db/_bulk_docs', {
      json: {
        docs: [
          { _id: 'x', a: 1 },
          { _id: 'y', b: 2 },
        ],
      },
    })
    const statistics = async (query: object) => {
      const json = { execution_stats: true, ...query }
      const { execution_stats: s, docs } = (await call<Found>(url, 'POST', '/db/_find', { json })).body
      t.is(s.results_returned, docs.length)
      return [s.total_keys_examined, s.total_docs_examined, s.total_quorum_docs_examined, docs.length]
    }
    t.deepEqual(await statistics({ selector: { b: 2 } }), [3, 3, 0, 1])
    t.deepEqual(await statistics({ selector: { b: 2 }, r: 2 }), [3, 0, 2, 1])
    t.deepEqual(await statistics({ selector: { a: 1 } }), [1, 1, 0, 1])
    t.deepEqual(await statistics({ selector: { a: 1 }, r: 3 }), [1, 0, 1, 1])
    t.deepEqual(await statistics({ selector: { a: 1 }, fields: ['a'], r: 2 }), [1, 0, 0, 1])
  },
)

test('a sort without an index says which kind of index is missing', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/plain')
  await call(url, 'PUT', '/parted?partitioned=true')
  const json = { selector: { a: { $gt: 0 } }, sort: ['a'] }
  const reason = async (path: string) => (await call<Found>(url, 'POST', path, { json })).body.reason
  const behind = 'index exists for this sort, try indexing by the sort fields.'
  t.is(await reason('/plain/_find'), `No ${behind}`)
  t.is(await reason('/parted/_find'), `No global ${behind}`)
  t.is(await reason('/parted/_partition/p/_find'), `No partitioned ${behind}`)
})

async function makeIndexes(url: string, names: readonly `${string}/${string}`[]): Promise<void> {
  await call(url, 'PUT', '/db')
  for (const path of names) {
    const [ddoc, name] = path.split('/')
    await call(url, 'POST', '/db/_index', { json: { index: { fields: [name] }, ddoc, name } })
  }
}
