import test from 'ava'
import { addUser, securedServer, type SecuredServer } from '../../helpers/secured-server.ts'

/** `_users` and `_replicator` open to every user, as an operator may have them. */
async function opened(...args: Parameters<typeof securedServer>): Promise<SecuredServer> {
  const [t, ...settings] = args
  const secured = await securedServer(t, 'couchdb/users_db_security_editable=true', ...settings)
  for (const name of ['ann', 'bob']) await addUser(secured, name)
  for (const db of ['_users', '_replicator']) await secured.admin('PUT', `/${db}/_security`, { json: {} })
  return secured
}

test("a user does not get at another's password hash, whatever the way", async t => {
  const secured = await opened(t)
  const bob = secured.as<unknown>('bob:secret')
  const id = 'org.couchdb.user:ann'
  const ways: [method: string, path: string, options?: Parameters<typeof bob>[2]][] = [
    ['GET', `/_users/${id}`],
    ['GET', `/_users/${id}?open_revs=all`],
    ['GET', `/_users/${id}?revs_info=true&attachments=true`],
    ['COPY', `/_users/${id}`, { headers: { destination: 'org.couchdb.user:bob' } }],
    ['POST', '/_users/_bulk_get', { json: { docs: [{ id }] } }],
    ['GET', '/_users/_all_docs?include_docs=true'],
    ['POST', '/_users/_all_docs', { json: { keys: [id] } }],
    ['GET', '/_users/_changes?include_docs=true'],
    ['POST', '/_users/_find', { json: { selector: {} } }],
    ['GET', `/%5Fusers/%5Fall_docs?include_docs=true`],
    ['GET', `/_users/_design%2Fd/_view/v?include_docs=true`],
    ['GET', `//_users/_all_docs?include_docs=true`],
  ]
  for (const [method, path, options] of ways) {
    const { body } = await bob(method, path, options)
    t.false(/derived_key|"salt"/.test(JSON.stringify(body)), `${method} ${path}`)
  }
})

test("a user neither changes nor deletes another's replication, and does not see its credentials", async t => {
  const secured = await opened(t)
  const job = { source: 'http://u:hidden@127.0.0.1:9/a', target: 'http://127.0.0.1:9/b' }
  const made = await secured.as<{ rev: string }>('ann:secret')('PUT', '/_replicator/job', { json: job })
  t.is(made.status, 201)
  const bob = secured.as<{ _rev: string }>('bob:secret')
  const seen = await bob('GET', '/_replicator/job')
  t.false(JSON.stringify(seen.body).includes('hidden'))
  const { body } = await secured.admin<{ _rev: string }>('GET', '/_replicator/job')
  t.is((await bob('PUT', '/_replicator/job', { json: { ...job, _rev: body._rev } })).status, 403)
  t.is((await bob('DELETE', `/_replicator/job?rev=${body._rev}`)).status, 403)
  const destination = { destination: 'mine' }
  t.is((await bob('COPY', '/_replicator/job', { headers: destination })).status, 404)
  const own = await secured.as<{ _rev: string }>('ann:secret')('GET', '/_replicator/job')
  t.is((await secured.as('ann:secret')('DELETE', `/_replicator/job?rev=${own.body._rev}`)).status, 200)
})

test('functions of design documents do not see what proves the user', async t => {
  const { admin, as } = await securedServer(t)
  await admin('PUT', '/db')
  const update = 'function (doc, req) { return [{ _id: "stolen", req: req }, "ok"] }'
  await admin('PUT', '/db/_design/d', { json: { updates: { steal: update } } })
  const headers = { cookie: 'AuthSession=YTpiOmM; other=1', 'x-mine': 'kept' }
  t.is((await admin('POST', '/db/_design/d/_update/steal', { json: {}, headers })).status, 201)
  const stolen = JSON.stringify((await as('admin:pass')('GET', '/db/stolen')).body)
  t.true(stolen.includes('kept') && stolen.includes('other'))
  t.false(/Authorization|AuthSession|YTpiOmM/i.test(stolen))
})
