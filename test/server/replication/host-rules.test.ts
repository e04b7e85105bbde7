import test, { type ExecutionContext } from 'ava'
import { HostRules } from '../../../server/replication/host-rules.ts'
import { sendJson, startFalsePeer } from '../../helpers/faults/false-peer.ts'
import { eventually } from '../../helpers/eventually.ts'
import { ADMIN, securedServer } from '../../helpers/secured-server.ts'

const DENIED = 'couchette/replication_denied_hosts=127.0.0.0/8,::1'

/** Starts a peer that is on the list of denied hosts, and counts what it is asked. */
async function deniedPeer(t: ExecutionContext) {
  const seen = { requests: 0 }
  const peer = await startFalsePeer((_req, res) => {
    seen.requests++
    sendJson(res, 200, {})
  })
  t.teardown(() => peer.close())
  return { peer, seen }
}

for (const [allowed, denied, hostname, address, expected] of [
  [[], [], 'any.example', undefined, true],
  [[], ['10.0.0.0/8'], '10.1.2.3', undefined, false],
  [[], ['10.0.0.0/8'], '11.1.2.3', undefined, true],
  [[], ['10.0.0.0/8'], 'inside.example', undefined, true],
  [[], ['10.0.0.0/8'], 'inside.example', '10.1.2.3', false],
  [[], ['127.0.0.0/8'], '[::ffff:7f00:1]', undefined, false],
  [[], ['::1'], '[::1]', undefined, false],
  [[], ['127.0.0.0/8'], '0.0.0.0', undefined, false],
  [[], ['127.0.0.0/8'], '[::]', undefined, false],
  [[], ['127.0.0.0/8'], '[::ffff:0:0]', undefined, false],
  [[], ['::1'], 'inside.example', '0.0.0.0', false],
  [[], ['10.0.0.0/8'], '0.0.0.0', undefined, true],
  [[], ['localhost'], 'LocalHost.', undefined, false],
  [[], ['*.internal'], 'db.internal', undefined, false],
  [[], ['*.internal'], 'internal', undefined, true],
  [['db.example'], [], 'db.example', '10.1.2.3', true],
  [['db.example'], [], 'other.example', '10.1.2.3', false],
  [['db.example'], [], 'other.example', undefined, false],
  [['db.example'], ['10.0.0.0/8'], 'db.example', '10.1.2.3', false],
  [['*.example'], [], 'a.b.example', undefined, true],
  [['*.example'], [], 'badexample', undefined, false],
  [['10.0.0.0/8'], [], 'db.example', undefined, true],
  [['10.0.0.0/8'], [], 'db.example', '10.1.2.3', true],
  [['10.0.0.0/8'], [], 'db.example', '11.1.2.3', false],
  [['10.0.0.0/8'], [], '11.1.2.3', undefined, false],
] as const) {
  test(`${hostname} at ${address ?? 'any address'} with ${JSON.stringify({ allowed, denied })} is ${expected ? '' : 'not '}reached`, t => {
    t.is(new HostRules(allowed, denied).allows(hostname, address), expected)
  })
}

test('a host that is denied is asked nothing: by address, by name and as a proxy', async t => {
  const { peer, seen } = await deniedPeer(t)
  const secured = await securedServer(t, DENIED)
  const { admin } = secured
  for (const db of ['from', 'to']) await admin('PUT', `/${db}`)
  const named = peer.url.replace('127.0.0.1', 'localhost')
  for (const body of [
    { source: peer.url, target: 'to' },
    { source: 'from', target: peer.url },
    { source: `${peer.url.replace('127.0.0.1', '2130706433')}`, target: 'to' },
    { source: `${peer.url.replace('127.0.0.1', '[::ffff:127.0.0.1]')}`, target: 'to' },
    { source: named, target: 'to' },
    { source: 'http://db.example/db', target: 'to', proxy: peer.url },
    { source: 'http://db.example/db', target: 'to', proxy: named },
    { source: named, target: 'to', filter: 'd/f' },
  ]) {
    const { status, body: answer } = await admin('POST', '/_replicate', { json: body })
    t.is(status, 403, JSON.stringify(answer))
    t.regex(JSON.stringify(answer), /do not let replications reach/, JSON.stringify(body))
  }
  t.is(seen.requests, 0)
  // The databases of this server are no other host.
  t.is((await admin('POST', '/_replicate', { json: { source: 'from', target: 'to' } })).status, 200)
})

test('a proxy is a host: the path of its URL does not matter, and what is no proxy is refused', async t => {
  const { admin } = await securedServer(t)
  await admin('PUT', '/to')
  const request = (proxy: string) => ({ json: { source: 'http://db.example/db', target: 'to', proxy } })
  const unreachable = await admin('POST', '/_replicate', request('http://127.0.0.1:9/path?q#h'))
  t.regex(JSON.stringify(unreachable.body), /nothing listens|connection_refused/)
  for (const proxy of ['ftp://127.0.0.1:9', 'file:///etc/passwd', 'javascript:x']) {
    t.is((await admin('POST', '/_replicate', request(proxy))).status, 400, proxy)
  }
})

test('P9: a redirect is not followed, and the credentials go nowhere else', async t => {
  let strangers = 0
  const stranger = await startFalsePeer((_req, res) => {
    strangers++
    sendJson(res, 200, {})
  })
  const peer = await startFalsePeer((req, res) => {
    res.writeHead(302, { location: `${stranger.url}${req.url}` }).end()
  })
  t.teardown(() => {
    peer.close()
    stranger.close()
  })
  const { admin } = await securedServer(t)
  await admin('PUT', '/to')
  const source = { url: peer.url, auth: { basic: { username: 'u', password: 'hidden' } } }
  const { status, body } = await admin('POST', '/_replicate', { json: { source, target: 'to' } })
  t.is(status, 500)
  t.regex(JSON.stringify(body), /redirected/)
  t.false(JSON.stringify(body).includes('hidden'))
  t.is(strangers, 0)
})

test('a job with a host that is denied by name or address fails at once, and is not tried again', async t => {
  const { peer, seen } = await deniedPeer(t)
  const secured = await securedServer(t, DENIED)
  const { admin } = secured
  await admin('PUT', '/db')
  // The bound address is this server, and no other host.
  const own = `${secured.server.url.replace('://', `://${ADMIN}@`)}/db`
  const named = peer.url.replace('127.0.0.1', 'localhost')
  const jobs = {
    address: { source: peer.url, target: own },
    name: { source: named, target: own, continuous: true },
    target: { source: own, target: named },
    filter: { source: named, target: own, filter: 'd/f' },
    proxy: { source: 'http://db.example/db', target: own, proxy: named },
  }
  for (const [id, json] of Object.entries(jobs)) {
    t.is((await admin('PUT', `/_replicator/${id}`, { json })).status, 201)
    await eventually(`the job ${id} has failed`, async () => {
      const { body } = await admin('GET', `/_replicator/${id}`)
      return body['_replication_state'] === 'failed'
    })
    const { body } = await admin('GET', `/_replicator/${id}`)
    t.regex(String(body['_replication_state_reason']), /do not let replications reach/)
    t.is((await admin('POST', '/_replicate', { json })).status, 403, id)
  }
  for (const json of [jobs.address, jobs.name, jobs.target]) {
    t.is((await admin('POST', '/_compare', { json })).status, 403)
  }
  t.deepEqual((await admin<{ jobs: unknown[] }>('GET', '/_scheduler/jobs')).body.jobs, [])
  t.is(seen.requests, 0)
})
