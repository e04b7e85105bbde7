import test from 'ava'
import { call } from '../../helpers/http.ts'
import { withServer } from '../../helpers/with-server.ts'

interface List {
  readonly total_rows: number | null
  readonly offset: number | null
  readonly rows: readonly { readonly id?: string; readonly key: unknown; readonly error?: string }[]
}

const NOT_STRINGS = ['0', '1001', '-1.5', 'null', 'true', 'false', '[]', '["b"]', '{}', '{"b":1}']

async function makeDocuments(url: string): Promise<void> {
  await call(url, 'PUT', '/db')
  const docs = ['1001', 'a', 'b', 'c', '_design/d', '_design/e'].map(_id => ({ _id }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  for (const id of ['_local/x', '_local/y']) await call(url, 'PUT', `/db/${id}`, { json: {} })
}

/** Total, offset and ids of a list. */
async function list(url: string, path: string): Promise<[number | null, number | null, string]> {
  const { body } = await call<List>(url, 'GET', `/db/${path}`)
  return [body.total_rows, body.offset, body.rows.map(({ id }) => id).join()]
}

// CouchDB compares the keys of _all_docs as Erlang terms, in whose order all strings come last.
test('keys that are no strings sort before all ids', withServer, async (t, { url }) => {
  await makeDocuments(url)
  const all = '1001,_design/d,_design/e,a,b,c'
  const reversed = all.split(',').reverse().join()
  for (const key of NOT_STRINGS.map(encodeURIComponent)) {
    t.deepEqual(await list(url, `_all_docs?key=${key}`), [6, 0, ''], key)
    t.deepEqual(await list(url, `_all_docs?key=${key}&descending=true`), [6, 6, ''], key)
    t.deepEqual(await list(url, `_all_docs?startkey=${key}`), [6, 0, all], key)
    t.deepEqual(
      await list(url, `_all_docs?startkey=${key}&limit=2&skip=1`),
      [6, 1, '_design/d,_design/e'],
      key,
    )
    t.deepEqual(await list(url, `_all_docs?endkey=${key}`), [6, 0, ''], key)
    t.deepEqual(await list(url, `_all_docs?endkey=${key}&descending=true`), [6, 0, reversed], key)
    t.deepEqual(
      await list(url, `_all_docs?startkey="b"&endkey=${key}&descending=true&inclusive_end=false`),
      [6, 1, 'b,a,_design/e,_design/d,1001'],
      key,
    )
    t.deepEqual(await list(url, `_all_docs?startkey=${key}&descending=true`), [6, 6, ''], key)
    t.deepEqual(await list(url, `_all_docs?startkey="b"&endkey=${key}`), [6, 4, ''], key)
    t.deepEqual(await list(url, `_design_docs?startkey=${key}`), [2, 1, '_design/d,_design/e'], key)
    t.deepEqual(await list(url, `_design_docs?key=${key}`), [2, 1, ''], key)
    t.deepEqual(await list(url, `_local_docs?startkey=${key}`), [null, null, '_local/x,_local/y'], key)
    t.deepEqual(await list(url, `_local_docs?key=${key}`), [null, null, ''], key)
  }
})

test(
  'a document id stands in for a key that is not given, and not for another',
  withServer,
  async (t, { url }) => {
    await makeDocuments(url)
    t.deepEqual(await list(url, '_all_docs?startkey_docid=b'), [6, 4, 'b,c'])
    t.deepEqual(await list(url, '_all_docs?startkey=5&startkey_docid=b&limit=1'), [6, 0, '1001'])
  },
)

test('lists of design and local documents leave out keys of others', withServer, async (t, { url }) => {
  await makeDocuments(url)
  const keys = ['_design/e', 'a', '_local/x', 7, null, '_design/none', '_local/none', '_design/e']
  const listed = async (name: string, query = '') => {
    const { body } = await call<List>(url, 'POST', `/db/${name}${query}`, { json: { keys } })
    return body.rows.map(({ key, error }) => `${String(key)}${error === undefined ? '' : ' -'}`)
  }
  t.deepEqual(await listed('_design_docs'), ['_design/e', '_design/none -', '_design/e'])
  t.deepEqual(await listed('_local_docs'), ['_local/x', '_local/none -'])
  t.deepEqual(await listed('_design_docs', '?limit=2'), ['_design/e'], 'the limit counts all keys')
  t.deepEqual(await listed('_all_docs', '?limit=5'), ['_design/e', 'a', '_local/x', '7 -', 'null -'])
  const { body } = await call<{ results: List[] }>(url, 'POST', '/db/_design_docs/queries', {
    json: { queries: [{ keys: ['a', '_design/d'] }, { key: 5 }] },
  })
  t.deepEqual(
    body.results.map(({ rows }) => rows.length),
    [1, 0],
  )
})

test('lists of databases take keys, and keys that are no strings', withServer, async (t, { url }) => {
  for (const name of ['a', 'b', 'c']) await call(url, 'PUT', `/${name}`)
  const names = async (query: string) => (await call<string[]>(url, 'GET', `/_all_dbs?${query}`)).body.join()
  const infos = async (query: string) =>
    (await call<{ key: string }[]>(url, 'GET', `/_dbs_info?${query}`)).body.map(({ key }) => key).join()
  for (const list of [names, infos]) {
    t.is(await list('keys=["c","none","a",1]'), 'c,a')
    t.is(await list('keys=["a","b","c"]&descending=true&skip=1&limit=1'), 'b')
    t.is(await list('key="b"'), 'b')
    t.is(await list('key=1'), '')
    t.is(await list('startkey=null&endkey="b"&inclusive_end=false'), '_global_changes,_replicator,_users,a')
    t.is(await list('startkey=null&descending=true'), '')
    t.is(await list('startkey="b"&endkey={}&descending=true&limit=2'), 'b,a')
  }
})
