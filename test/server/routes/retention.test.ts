import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

interface Report {
  readonly purge_tombstones_older_than: number | null
  readonly expires_field: string | null
  readonly status: {
    readonly purged: number
    readonly expired: number
    readonly refused: number
    readonly held_back_by: readonly string[]
    readonly error: string | null
  }
}

const SOON = [{ section: 'retention', key: 'interval', value: '1' }]

const reportOf = async (url: string, db: string): Promise<Report> =>
  (await call<Report>(url, 'GET', `/${db}/_retention`)).body

async function remove(url: string, db: string, id: string): Promise<void> {
  const { body } = await call(url, 'GET', `/${db}/${id}`)
  await call(url, 'DELETE', `/${db}/${id}?rev=${String(body['_rev'])}`)
}

const deletedDocs = async (url: string, db: string): Promise<number> =>
  Number((await call(url, 'GET', `/${db}`)).body['doc_del_count'])

test('P7: tombstones are purged once the target of a replication has them, and who holds them back is told', async t => {
  const server = await startServer({ settings: SOON })
  const { url } = server
  const { origin } = new URL(url)
  const end = (name: string) => ({
    url: `${origin}/${name}`,
    auth: { basic: { username: 'admin', password: 'pass' } },
  })
  const replicate = () =>
    call(url, 'POST', '/_replicate', {
      json: { source: end('db'), target: end('copy'), create_target: true },
    })
  await call(url, 'PUT', '/db')
  const docs = ['a', 'b', 'kept'].map(_id => ({ _id }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  t.is((await replicate()).status, 200)
  await remove(url, 'db', 'a')
  t.is((await call(url, 'PUT', '/db/_retention', { json: { purge_tombstones_older_than: 0 } })).status, 200)
  await eventually('the replication holds back', async () => {
    const { status } = await reportOf(url, 'db')
    return status.held_back_by.length === 1
  })
  t.is(await deletedDocs(url, 'db'), 1)
  const health = await call<{ retention: object }>(url, 'GET', '/_node/_local/_health')
  t.deepEqual(health.body.retention, { databases: 1, held_back: 1, refused: 0, failed: 0 })
  const metrics = (await call<string>(url, 'GET', '/_node/_local/_prometheus')).body
  t.regex(metrics, /couchette_retention_held_back_by_peers\{db="db"\} 1/)
  t.is((await replicate()).status, 200)
  await eventually('the tombstone is purged', async () => (await deletedDocs(url, 'db')) === 0)
  const { status } = await reportOf(url, 'db')
  t.like(status, { purged: 1, held_back_by: [], error: null })
  t.is(await deletedDocs(url, 'copy'), 1)
  // The target, too, forgets it, and the next replication brings nothing back.
  await call(url, 'PUT', '/copy/_retention', { json: { purge_tombstones_older_than: 0 } })
  await eventually('the copy is purged', async () => (await deletedDocs(url, 'copy')) === 0)
  t.is((await replicate()).status, 200)
  t.is((await call(url, 'GET', '/copy')).body['doc_count'], 2)
  await server.close()
})

test('documents with an end go, over a restart, and replicas are told', async t => {
  const dir = await tempDir()
  let server = await startServer({ data: dir.path, settings: SOON })
  await call(server.url, 'PUT', '/db')
  await call(server.url, 'PUT', '/db/_retention', { json: { expires_field: 'expires' } })
  await server.couchette.close()
  server = await startServer({ data: dir.path, settings: SOON })
  const { url } = server
  t.is((await reportOf(url, 'db')).expires_field, 'expires')
  const docs = [
    { _id: 'past', expires: 1_000_000_000 },
    { _id: 'later', expires: '9999-12-31T23:59:59Z' },
  ]
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  await eventually('the document is deleted', async () => (await call(url, 'GET', '/db/past')).status === 404)
  t.is((await call(url, 'GET', '/db/later')).status, 200)
  const { body } = await call<{ results: readonly { id: string; deleted?: boolean }[] }>(
    url,
    'GET',
    '/db/_changes',
  )
  t.true(body.results.some(row => row.id === 'past' && row.deleted === true))
  t.is((await reportOf(url, 'db')).status.expired, 1)
  await server.close()
  await dir.remove()
})

test('P11: a document that a validation function does not let go is told', async t => {
  const server = await startServer({ settings: SOON })
  const { url } = server
  await call(url, 'PUT', '/db')
  const validate = "function (doc) { if (doc._deleted) throw({ forbidden: 'keep it' }) }"
  await call(url, 'PUT', '/db/_design/d', { json: { validate_doc_update: validate } })
  await call(url, 'PUT', '/db/a', { json: { end: 1 } })
  await call(url, 'PUT', '/db/_retention', { json: { expires_field: 'end' } })
  await eventually('it is refused', async () => (await reportOf(url, 'db')).status.refused === 1)
  t.is((await call(url, 'GET', '/db/a')).status, 200)
  const health = await call<{ retention: { refused: number } }>(url, 'GET', '/_node/_local/_health')
  t.is(health.body.retention.refused, 1)
  await server.close()
})

test('rules are read as they were put, put again as they were read, and taken away', async t => {
  const server = await startServer()
  const { url } = server
  await call(url, 'PUT', '/db')
  const rules = { purge_tombstones_older_than: 2_592_000, forget_peers_after: null, expires_field: 'expires' }
  t.is((await call(url, 'PUT', '/db/_retention', { json: rules })).status, 200)
  const read = (await call<Report>(url, 'GET', '/db/_retention')).body
  const { status: _status, ...stored } = read
  t.deepEqual(stored as object, rules)
  t.is((await call(url, 'PUT', '/db/_retention', { json: read })).status, 200)
  t.is((await call(url, 'PUT', '/db/_retention', { json: {} })).status, 200)
  t.is((await reportOf(url, 'db')).expires_field, null)
  const refused = await call(url, 'PUT', '/db/_retention', { json: { expires_field: 7 } })
  t.is(refused.status, 400)
  t.is(refused.body['error'], 'bad_request')
  t.is((await call(url, 'POST', '/db/_retention', { json: {} })).status, 405)
  await server.close()
})
