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

async function makeIndexes(url: string, names: readonly `${string}/${string}`[]): Promise<void> {
  await call(url, 'PUT', '/db')
  for (const path of names) {
    const [ddoc, name] = path.split('/')
    await call(url, 'POST', '/db/_index', { json: { index: { fields: [name] }, ddoc, name } })
  }
}
