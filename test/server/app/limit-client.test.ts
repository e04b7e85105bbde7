import test from 'ava'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import { networkOf } from '../../../server/app/limit-client.ts'
import { RunningRequests } from '../../../server/app/running-requests.ts'
import type { RequestContext } from '../../../server/routes/context.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { addUser, securedServer } from '../../helpers/secured-server.ts'

const REFUSED = { error: 'too_many_requests', reason: 'Too many requests of one address: try again later.' }

/** A rate at which no second token comes while the test runs, as 0 would be no limit. */
const SLOW = 'limits/address_requests_per_second=1'

/** Opens a continuous feed and returns its status, headers and how to close it. */
async function openFeed(url: string, path: string) {
  const { origin, headers } = target(url)
  const { statusCode, headers: answered, body } = await request(origin + path, { headers })
  body.on('error', () => {})
  return { status: statusCode, headers: answered, body, close: () => body.destroy() }
}

test('none of the limits holds until it is set', async t => {
  const { admin } = await securedServer(t)
  const answers = await Promise.all(Array.from({ length: 200 }, () => admin('GET', '/')))
  t.true(answers.every(({ status }) => status === 200))
})

test('requests of one address past its burst are answered 429, those of _up never', async t => {
  const { admin, server } = await securedServer(t, SLOW, 'limits/address_burst=20')
  const answers = await Promise.all(Array.from({ length: 200 }, () => admin('GET', '/')))
  const refused = answers.filter(({ status }) => status === 429)
  // At a burst of 20 and one a second, 200 would take three minutes.
  t.true(refused.length > 0)
  t.true(answers.length - refused.length >= 20)
  t.deepEqual(refused[0]?.body, REFUSED)
  t.true(Number(refused[0]?.headers['retry-after']) >= 1)
  const up = await Promise.all(Array.from({ length: 50 }, () => call(server.url, 'GET', '/_up')))
  t.true(up.every(({ status }) => status === 200))
})

test('an address that is exempt has no limits', async t => {
  const { admin } = await securedServer(
    t,
    SLOW,
    'limits/address_burst=1',
    'limits/exempt_addresses=10.0.0.0/8, 127.0.0.0/8',
  )
  const answers = await Promise.all(Array.from({ length: 50 }, () => admin('GET', '/')))
  t.true(answers.every(({ status }) => status === 200))
})

test('feeds of one user are bounded, their requests are not, and a closed feed makes room', async t => {
  const secured = await securedServer(t, 'limits/user_feeds=2', 'limits/user_requests=50')
  const { admin, as, server } = secured
  await admin('PUT', '/_users')
  await admin('PUT', '/db')
  await admin('PUT', '/db/_security', { json: {} })
  await addUser(secured, 'ann')
  const url = server.url.replace('://', '://ann:secret@')
  const paths = [
    '/db/_changes?feed=continuous&heartbeat=60000',
    '/db/%5fchanges?feed=eventsource&heartbeat=60000',
  ]
  const open = [await openFeed(url, paths[0] ?? ''), await openFeed(url, paths[1] ?? '')]
  t.deepEqual(
    open.map(({ status }) => status),
    [200, 200],
  )
  const third = await openFeed(url, '/db/_changes?feed=longpoll')
  t.is(third.status, 429)
  t.is(third.headers['retry-after'], '1')
  t.like(await third.body.json(), { error: 'too_many_requests' })
  const ann = as('ann:secret')
  t.is((await ann('GET', '/db/_changes')).status, 200, 'a normal feed does not wait')
  const administrator = await openFeed(server.url.replace('://', '://admin:pass@'), paths[0] ?? '')
  t.is(administrator.status, 200, 'administrators of the server have no limits as users')
  open[0]?.close()
  administrator.close()
  const longpoll = '/db/_changes?feed=longpoll&timeout=1'
  await eventually('a feed is admitted', async () => (await ann('GET', longpoll)).status === 200)
  open[1]?.close()
  const { body } = await admin<string>('GET', '/_node/_local/_prometheus')
  t.regex(body, /^couchette_limits_refused_by_user_total [1-9]/m)
  t.regex(body, /^couchdb_httpd_status_codes\{code="429"\} [1-9]/m)
})

test('past max_running_requests the answer is 503 at once, feeds go on, and there is room again', async t => {
  // What is measured is one thread's.
  const { admin, server } = await securedServer(t, 'couchette/threads=1', 'couchette/max_running_requests=5')
  await admin('PUT', '/db')
  const url = server.url.replace('://', '://admin:pass@')
  const feed = await openFeed(url, '/db/_changes?feed=continuous&heartbeat=200')
  t.teardown(feed.close)
  t.is(feed.status, 200)
  const { hostname, port } = new URL(server.url)
  const slow = Array.from({ length: 5 }, () => {
    const socket = connect(Number(port), hostname)
    t.teardown(() => socket.destroy())
    // The body never comes.
    socket.write('POST /db/_bulk_docs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n')
    socket.write(`Authorization: Basic ${btoa('admin:pass')}\r\nContent-Length: 100\r\n\r\n`)
    return socket
  })
  await eventually('all have come', async () => (await admin('GET', '/db')).status === 503)
  const refused = await admin('GET', '/db')
  t.is(refused.headers['retry-after'], '1')
  t.deepEqual(refused.body, {
    error: 'service_unavailable',
    reason: 'The server is too busy to handle the request.',
  })
  t.is((await admin('GET', '/_up')).status, 200)
  const beats = feed.body[Symbol.asyncIterator]()
  for (let n = 0; n < 3; n++) t.false((await beats.next()).done)
  for (const socket of slow) socket.destroy()
  await eventually('there is room', async () => (await admin('GET', '/db')).status === 200)
  const { body } = await admin<string>('GET', '/_node/_local/_prometheus')
  t.regex(body, /^couchette_requests_refused_total [1-9]/m)
})

test('what comes in a turn that has worked for too long is refused, and taken in the next', async t => {
  let work = 0
  const running = new RunningRequests({ most: () => 0, workMs: () => 5 }, () => work)
  const services = { metrics: { count: () => undefined } }
  const ctx = (path: string): RequestContext =>
    ({ path, querystring: '', services, res: { destroyed: true } }) as unknown as RequestContext
  running.enter(ctx('/db/a'))
  const began = performance.now()
  while (performance.now() - began < 10) work = 0
  t.notThrows(() => running.enter(ctx('/db/b')), 'the machine was busy, and not this process')
  work = 6
  t.throws(() => running.enter(ctx('/db/c')), { message: /too busy/ })
  t.notThrows(() => running.enter(ctx('/_up')))
  await setImmediate()
  t.notThrows(() => running.enter(ctx('/db/c')))
})

test('addresses of one IPv6 network are one client', t => {
  t.is(networkOf('127.0.0.1'), '127.0.0.1')
  t.is(networkOf('2001:db8::1'), networkOf('2001:0db8:0:0:ffff::2'))
  t.not(networkOf('2001:db8::1'), networkOf('2001:db8:0:1::1'))
  t.is(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2')
  t.is(networkOf('fe80::1%eth0'), 'fe80:0:0:0')
  t.is(networkOf('::1'), '0:0:0:0')
})
