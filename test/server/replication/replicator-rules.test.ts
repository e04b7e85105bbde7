import test from 'ava'
import { call } from '../../helpers/http.ts'
import { replicate } from '../../helpers/replication.ts'
import { startServer } from '../../helpers/server.ts'

const USER_CTX: Record<string, readonly [value: unknown, reason: string]> = {
  text: ['ann', '{error,{case_clause,<<"ann">>}}'],
  'a number': [7, '{error,{case_clause,7}}'],
  null: [null, '{error,{case_clause,null}}'],
  'a list': [['ann', {}], '{error,{case_clause,[<<"ann">>,{[]}]}}'],
}

for (const [what, [value, reason]] of Object.entries(USER_CTX)) {
  test(`a \`user_ctx\` that is no object is refused in a document, and ignored by \`_replicate\`: ${what}`, async t => {
    const { url, close } = await startServer()
    t.teardown(close)
    for (const name of ['from', 'to']) await call(url, 'PUT', `/${name}`)
    const json = { source: `${url}/from`, target: `${url}/to`, user_ctx: value }
    t.like(await call(url, 'PUT', '/_replicator/job', { json }), {
      status: 403,
      body: { error: 'forbidden', reason },
    })
    t.true((await replicate(url, json)).ok)
  })
}

test('`_scheduler/docs` of what is no replicator database is refused', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  await call(url, 'PUT', '/db')
  for (const path of ['db', 'db/doc', 'nosuch', 'a/b/c', 'db%2Fx', 'my_replicator', 'db/doc/failures']) {
    t.like(await call(url, 'GET', `/_scheduler/docs/${path}`), {
      status: 400,
      body: { error: 'bad_request', reason: 'Invalid path' },
    })
  }
  t.is((await call(url, 'GET', '/_scheduler/docs/_replicator')).status, 200)
  t.is((await call(url, 'GET', '/_scheduler/docs/x/_replicator')).status, 404)
})

test('a target that does not take design documents from the user counts them as failures', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  const json = { name: 'ann', type: 'user', roles: [], password: 'ann' }
  await call(url, 'PUT', '/_users/org.couchdb.user:ann', { json })
  const ann = url.replace(/\/\/[^@]*@/, '//ann:ann@')
  for (const name of ['from', 'to', 'to-url']) {
    await call(url, 'PUT', `/${name}`)
    await call(url, 'PUT', `/${name}/_security`, { json: { members: { names: ['ann'] } } })
  }
  await call(url, 'PUT', '/from/_design/d', { json: { views: {} } })
  await call(url, 'PUT', '/from/doc', { json: {} })
  for (const target of ['to', `${ann}/to-url`]) {
    const answer = await call(ann, 'POST', '/_replicate', { json: { source: 'from', target } })
    t.like(answer, { status: 200, body: { ok: true } }, JSON.stringify(answer.body))
    const [session] = answer.body.history as Record<string, number>[]
    t.like(session, { docs_read: 2, docs_written: 1, doc_write_failures: 1 })
  }
})

test('a document without an owner gets the name of who writes it, whatever the name and whatever stands within', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  const [origin, name] = [url.replace('admin:pass@', ''), "a$$&$'"]
  for (const database of ['from', 'to']) await call(url, 'PUT', `/${database}`)
  const user = { name, password: 'secret', roles: [], type: 'user' }
  t.is(
    (await call(url, 'PUT', `/_users/org.couchdb.user:${encodeURIComponent(name)}`, { json: user })).status,
    201,
  )
  await call(url, 'PUT', '/_replicator/_security', { json: { admins: {}, members: {} } })
  const authorization = `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`
  const job = { source: `${url}/from`, target: `${url}/to`, query_params: { owner: null, n: 1 } }
  const byAdmin = await call(url, 'PUT', '/_replicator/admin', { json: { ...job, owner: null } })
  const byUser = await call(origin, 'PUT', '/_replicator/user', { json: job, headers: { authorization } })
  t.deepEqual([byAdmin.status, byUser.status], [201, 201])
  for (const [id, owner] of [
    ['admin', 'admin'],
    ['user', name],
  ] as const) {
    const stored = await call<{ owner: string; query_params: object }>(url, 'GET', `/_replicator/${id}`)
    t.is(stored.body.owner, owner)
    t.deepEqual(stored.body.query_params, { owner: null, n: 1 })
  }
})
