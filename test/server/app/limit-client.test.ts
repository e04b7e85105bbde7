import test, { type ExecutionContext } from 'ava'
import { type EventEmitter, once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect as connectHttp2, constants, createServer as createHttp2 } from 'node:http2'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import type { CouchError } from '../../../protocol/errors.ts'
import { Admission } from '../../../server/app/admission.ts'
import { isDisconnect } from '../../../server/http/response/is-disconnect.ts'
import { isClosed } from '../../../server/http/response/is-closed.ts'
import { Refusals } from '../../../server/app/refusals.ts'
import { kindOfRequest, type RequestKind } from '../../../server/app/request-kind.ts'
import { MoreAcceptors } from '../../../server/http/connection/more-acceptors.ts'
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
  t.true(Number(refused.headers['retry-after']) >= 1)
  const again = connect(Number(port), hostname)
  t.teardown(() => again.destroy())
  again.write('GET /db HTTP/1.1\r\nHost: a\r\n\r\n')
  const [head] = (await once(again, 'data')) as [Buffer]
  t.notRegex(head.toString(), /^Connection: close/im, 'another connection would cost more than the answer')
  t.deepEqual(refused.body, {
    error: 'service_unavailable',
    reason: 'The server is too busy to handle the request.',
  })
  for (const path of ['/_up', '/_node/_local/_health', '/_node/_local/_prometheus', '/_node/_local/_stats'])
    t.is((await admin('GET', path)).status, 200, path)
  const beats = feed.body[Symbol.asyncIterator]()
  for (let n = 0; n < 3; n++) t.false((await beats.next()).done)
  for (const socket of slow) socket.destroy()
  await eventually('there is room', async () => (await admin('GET', '/db')).status === 200)
  const { body } = await admin<string>('GET', '/_node/_local/_prometheus')
  t.regex(body, /^couchette_requests_refused_total [1-9]/m)
})

/** An admission whose clock shows what each request that begins has cost. */
function admissionOf(t: ExecutionContext, costMs: number, workMs = costMs) {
  const passed = { now: 0, work: 0 }
  const clock = { now: () => passed.now, work: () => passed.work }
  const admission = new Admission({ most: () => 0, waitMs: () => 100 }, clock)
  const begun: string[] = []
  const admit = (name: string, kind: RequestKind = 'request'): boolean =>
    admission.admit(kind, { once: () => undefined } as unknown as ServerResponse, () => {
      begun.push(name)
      passed.now += costMs
      passed.work += workMs
    })
  const drained = async (): Promise<void> => {
    while (admission.waiting > 0) await setImmediate()
  }
  t.teardown(drained)
  return { admission, admit, begun, drained }
}

test('requests that come together begin in their order, a few in each turn, and probes at once', async t => {
  const { admission, admit, begun, drained } = admissionOf(t, 1)
  const names = Array.from({ length: 30 }, (_, n) => `r${n}`)
  for (const name of names) t.true(admit(name))
  t.true(begun.length < 10, 'others have their turn')
  t.true(admit('probe', 'probe'))
  t.is(begun.at(-1), 'probe')
  await setImmediate()
  t.true(admission.waiting > 0, 'those that wait do not all begin in one turn')
  await drained()
  t.deepEqual(
    begun.filter(name => name !== 'probe'),
    names,
  )
})

test('a request that would wait for longer than max_request_wait is refused, a feed is not, and there is room again', async t => {
  const { admit, drained } = admissionOf(t, 10)
  const first = Array.from({ length: 1000 }, (_, n) => admit(`a${n}`)).filter(Boolean)
  t.true(first.length >= 100 && first.length < 1000, String(first.length))
  t.true(admit('feed', 'feed'))
  await drained()
  // What a request costs is known now.
  const second = Array.from({ length: 1000 }, (_, n) => admit(`b${n}`)).filter(Boolean)
  t.true(second.length <= 102, String(second.length))
  await drained()
  t.true(admit('c'))
})

test('a request over HTTP/2 whose client has left before its turn holds no place', async t => {
  const admission = new Admission({ most: () => 0, waitMs: () => 0 })
  const server = createHttp2()
  const closed = once(server, 'stream').then(async ([stream]) => once(stream as EventEmitter, 'close'))
  const answer = once(server, 'request') as Promise<[unknown, ServerResponse]>
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(() => {
    client.destroy()
    server.close()
  })
  const stream = client.request({ ':path': '/' }).on('error', () => undefined)
  const [, res] = await answer
  stream.close(constants.NGHTTP2_CANCEL)
  await closed
  t.true(isClosed(res))
  t.true(admission.admit('request', res, () => t.fail('it began')))
  t.is(admission.running, 0)
  t.true(isDisconnect(Object.assign(new Error('Protocol error'), { code: 'ERR_HTTP2_ERROR' })))
})

test('requests are not refused because the machine is busy with something else', async t => {
  const { admit, drained } = admissionOf(t, 10, 0.01)
  for (let n = 0; n < 100; n++) admit(`a${n}`)
  await drained()
  t.true(Array.from({ length: 1000 }, (_, n) => admit(`b${n}`)).every(Boolean))
})

test('the more are refused for each request that is taken, the later they come back, and not all at once', t => {
  let now = 0
  const services = { metrics: { count: () => undefined }, log: { warn: () => undefined } }
  const refusals = new Refusals(services, () => now)
  const seconds = (): number[] =>
    Array.from({ length: 300 }, () => {
      const req = {} as IncomingMessage
      refusals.refuse(req)
      const error = t.throws<CouchError>(() => refusals.check(req))
      return Number(error.headers['Retry-After'])
    })
  for (let n = 0; n < 100; n++) refusals.countTaken()
  t.deepEqual([...new Set(seconds())], [1])
  for (let n = 0; n < 100; n++) refusals.countTaken()
  now = 2000
  t.deepEqual(
    [...new Set(seconds())].sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6],
  )
  t.notThrows(() => refusals.check({} as IncomingMessage))
})

test('a busy server to which many connect accepts by more sockets, which close with it', async t => {
  let now = 0
  const server = createServer(socket => socket.end('hello'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const acceptors = new MoreAcceptors(server, fd, 3, () => now)
  t.teardown(() => {
    acceptors.close()
    server.close()
  })
  for (let turn = 0; turn < 16; turn++) {
    t.is(acceptors.count, 0)
    acceptors.onConnection()
    now += 10
    await setImmediate()
  }
  await eventually('the socket is duplicated', () => acceptors.count === 3)
  const { port } = server.address() as AddressInfo
  const greetings = Array.from({ length: 20 }, async () => {
    const socket = connect(port, '127.0.0.1')
    return (await socket.setEncoding('utf8').toArray()).join('')
  })
  t.true((await Promise.all(greetings)).every(text => text === 'hello'))
  acceptors.close()
  await new Promise(resolve => server.close(resolve))
  await t.throwsAsync(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' })
})

for (const [url, kind] of [
  ['/db/_changes?feed=continuous', 'feed'],
  ['//db//%5fchanges/?feed=longpoll', 'feed'],
  ['/_db_updates?feed=longpoll', 'feed'],
  ['/db/_changes?feed=normal', 'request'],
  ['/db/_changes', 'request'],
  ['/db/document/_changes?feed=longpoll', 'request'],
  ['/db/a%2F_changes?feed=longpoll', 'request'],
  ['/db/%?feed=longpoll', 'request'],
  ['/_up', 'probe'],
] as const) {
  test(`${url} is a ${kind} to those who bound requests`, t => t.is(kindOfRequest(url), kind))
}
