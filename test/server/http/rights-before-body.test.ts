import { connect } from 'node:net'
import test from 'ava'
import { addUser, securedServer } from '../../helpers/secured-server.ts'

/** Sends a request's head that announces a body, and no body. Resolves with the status of the answer. */
function statusBeforeBody(
  url: string,
  who: string | undefined,
  method: string,
  path: string,
): Promise<number> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const login = who === undefined ? '' : `Authorization: Basic ${Buffer.from(who).toString('base64')}\r\n`
  const type = 'Content-Type: application/json\r\nContent-Length: 500000\r\n'
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: here\r\n${login}${type}\r\n`)
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('data', (head: Buffer) => {
      socket.destroy()
      resolve(Number(head.toString('latin1', 9, 12)))
    })
  })
}

/** Requests that a member of the database may not make, whatever their bodies hold. */
const FOR_ADMINS = [
  'PUT /db/_security',
  'PUT /db/_revs_limit',
  'PUT /db/_purged_infos_limit',
  'PUT /db/_retention',
  'POST /db/_purge',
  'POST /db/_compact',
  'POST /db/_compact/d',
  'POST /db/_view_cleanup',
  'POST /db/_sync_shards',
  'POST /db/_try_view',
  'PUT /db/_design/new',
  'PUT /db/_design%2Fnew',
  'PUT /db/_design/d/file.txt',
  'PUT /new',
  'PUT /_node/_local/_config/log/level',
  'POST /_node/_local/_config/_reload',
  'POST /_node/_local/_restart',
  'POST /_cluster_setup',
  'POST /_reshard/jobs',
  'POST /_users/_bulk_get',
  'POST /_users/_find',
  'POST /_users/_all_docs',
  'POST /_users/_changes',
  'PUT /_users/_design/d',
  'PUT /_users/_security',
  'PUT /_replicator/_security',
  'POST /_replicator/_find',
  'PUT /_replicator/_design/d',
  'POST /_global_changes/_all_docs',
  'PUT /_users/org.couchdb.user:somebody',
  'PUT /_users/org.couchdb.user:somebody/file.txt',
]

test('who may not is told so without a look at the body', async t => {
  const secured = await securedServer(t)
  const { admin, server } = secured
  for (const name of ['_users', '_replicator', '_global_changes', 'db']) await admin('PUT', `/${name}`)
  await addUser(secured, 'ann')
  await addUser(secured, 'somebody')
  await admin('PUT', '/db/_design/d', { json: {} })
  await admin('PUT', '/db/_security', { json: { members: { names: ['ann'] } } })
  for (const request of FOR_ADMINS) {
    const [method = '', path = ''] = request.split(' ')
    const status = await statusBeforeBody(server.url, 'ann:secret', method, path)
    t.true(status === 401 || status === 403, `${request}: ${status}`)
  }
  for (const request of ['PUT /db/doc', 'POST /db/_bulk_docs', 'PUT /db/doc/file', 'POST /_replicate']) {
    const [method = '', path = ''] = request.split(' ')
    t.is(await statusBeforeBody(server.url, undefined, method, path), 401, request)
  }
})
