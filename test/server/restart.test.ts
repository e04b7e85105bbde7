import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { target } from '../../harness/client.ts'
import { AcknowledgedWrites } from '../helpers/faults/acknowledged.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { tempDir } from '../helpers/temp.ts'

test('_restart closes the server and opens it again on its port, with its data, and it stops as before', async t => {
  const dir = await tempDir()
  const server = await spawnServer(dir.path)
  const { url } = server
  try {
    await call(url, 'PUT', '/db')
    const config = '/_node/_local/_config/test/kept'
    const headers = { 'x-couch-persist': 'false' }
    t.is((await call(url, 'PUT', config, { json: 'no', headers })).status, 200)
    const { hostname, port } = new URL(url)
    t.is((await call(`http://${hostname}:${port}`, 'POST', '/_node/_local/_restart')).status, 401)
    const ini = join(dir.path, 'local.ini')
    await writeFile(ini, '[chttpd]\nbacklog = many\n')
    const refused = await call(url, 'POST', '/_node/_local/_restart')
    const reason = 'local.ini:2: [chttpd] backlog = many: it takes a whole number or infinity.'
    t.deepEqual([refused.status, refused.body], [400, { error: 'bad_request', reason }])
    await rm(ini)
    const { status, body } = await call(url, 'POST', '/_node/_local/_restart')
    t.deepEqual([status, body], [200, { ok: true }])
    await eventually('the server has started again', async () => {
      const answer = await call(url, 'GET', config).catch(() => undefined)
      return answer?.status === 404
    })
    t.is((await call(url, 'GET', '/db')).status, 200)
    t.is((await call(url, 'PUT', '/db/doc', { json: {} })).status, 201)
  } finally {
    t.is(await server.stop(), 0)
    await dir.remove()
  }
})

/** A peer that takes connections and never answers. */
async function silentPeer(t: ExecutionContext): Promise<string> {
  const peer = createServer(socket => socket.on('error', () => undefined).resume())
  peer.listen(0, '127.0.0.1')
  await once(peer, 'listening')
  t.teardown(() => peer.close())
  return `http://127.0.0.1:${(peer.address() as AddressInfo).port}/db`
}

/** Sends the beginning of a request, and reads what comes back or nothing of it. */
function begin(t: ExecutionContext, url: string, head: string, { reads = true, body = '' } = {}): void {
  const { origin, headers } = target(url)
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  if (reads) socket.resume()
  const fields = Object.entries({ host: hostname, ...headers }).map(([name, value]) => `${name}: ${value}`)
  const [line, ...more] = head.split('\n')
  socket.write(`${[line, ...fields, ...more].join('\r\n')}\r\n\r\n${body}`)
}

const LOOP = 'function () { for (;;); }'
const SLOW = 'function (doc) { for (var i = 0; i < 2000; i++); emit(doc._id, doc.text) }'
const STOPS_WITHIN_MS = 60_000

test('SIGTERM ends a server that is busy with everything, with 0 and without a loss', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const server = await spawnServer(dir.path)
  t.teardown(() => server.kill())
  let { url } = server
  const writes = new AcknowledgedWrites(() => url, 'db')
  await writes.create()
  for (const name of ['copy', 'uploads', '_replicator']) await call(url, 'PUT', `/${name}`)
  await writes.write(2000)
  const png = { 'content-type': 'image/png' }
  await call(url, 'PUT', '/uploads/large/a', { raw: Buffer.alloc(8_000_000, 'x'), headers: png })
  for (const [name, map] of Object.entries({ slow: SLOW, loop: LOOP })) {
    await call(url, 'PUT', `/db/_design/${name}`, { json: { views: { v: { map } }, shows: { s: LOOP } } })
  }
  const before = await writes.write(1)
  t.is(before.status, 201)
  const silent = await silentPeer(t)
  // Feeds, with and without a reader; downloads that nobody reads.
  for (const feed of ['continuous&heartbeat=1000', 'eventsource', 'longpoll'])
    begin(t, url, `GET /db/_changes?since=now&feed=${feed} HTTP/1.1`)
  begin(t, url, 'GET /db/_changes?include_docs=true&feed=continuous&since=0 HTTP/1.1', { reads: false })
  begin(t, url, 'GET /uploads/large/a HTTP/1.1', { reads: false })
  // Uploads that do not go on, a document whose body does not end, a head that does not.
  const upload = 'HTTP/1.1\nContent-Length: 90000000\nContent-Type:'
  begin(t, url, `PUT /uploads/a/a ${upload} image/png`, { body: 'x'.repeat(300_000) })
  begin(t, url, `PUT /uploads/b/a ${upload} text/plain`, { body: 'x'.repeat(300_000) })
  begin(t, url, `PUT /uploads/c ${upload} application/json`, { body: '{"a":' })
  // Work that nobody waits for; what it answers, if anything, is of no interest.
  const ask = (method: string, path: string, json?: object): void =>
    void call(url, method, path, json === undefined ? {} : { json }).catch(() => undefined)
  ask('GET', '/db/_design/slow/_view/v')
  ask('GET', '/db/_design/loop/_view/v')
  ask('GET', '/db/_design/loop/_show/s')
  ask('POST', '/db/_find', { selector: { text: { $regex: '(x*)*y$' } } })
  ask('POST', '/db/_compact', {})
  ask('POST', '/_replicate', { source: 'db', target: 'copy' })
  ask('POST', '/_replicate', { source: silent, target: 'copy' })
  ask('PUT', '/_replicator/live', { source: silent, target: 'copy', continuous: true })
  ask('PUT', '/_replicator/verified', { source: url + '/db', target: url + '/copy', verify: true })
  ask('POST', '/_compare', { source: silent, target: 'copy' })
  ask('POST', '/_node/_local/_backup')
  const writers = Array.from({ length: 4 }, async () => {
    while ((await writes.write(20).catch(() => undefined))?.status === 201);
  })
  const acknowledged = writes.count
  await eventually('everything is under way', async () => {
    const { body } = await call<{ type: string }[]>(url, 'GET', '/_active_tasks')
    return writes.count > acknowledged + 100 && body.some(({ type }) => type === 'indexer')
  })
  const code = await Promise.race([
    server.stop(),
    new Promise(resolve => setTimeout(resolve, STOPS_WITHIN_MS, 'it does not stop').unref()),
  ])
  t.is(code, 0, server.output())
  await Promise.all(writers)
  const again = await spawnServer(dir.path)
  t.teardown(() => again.kill())
  ;({ url } = again)
  await writes.verify(t)
  t.is((await call(url, 'GET', '/uploads/large/a')).status, 200)
  for (const id of ['a', 'b', 'c']) t.is((await call(url, 'GET', `/uploads/${id}`)).status, 404)
  t.is(await again.stop(), 0)
})
