import test from 'ava'
import supertest from 'supertest'
import { withServer } from '../../helpers/with-server.ts'

const ALLOWED = [
  ['/', 'POST', 'GET,HEAD'],
  ['/_up', 'DELETE', 'GET,HEAD'],
  ['/_uuids', 'DELETE', 'GET'],
  ['/db/_bulk_docs', 'GET', 'POST'],
  ['/db/_bulk_get', 'PUT', 'POST'],
  ['/db/_changes', 'PUT', 'GET,POST,HEAD'],
] as const

test('a method that a path does not know is 405, with those it knows', withServer, async (t, { url }) => {
  const agent = supertest.agent(url)
  await agent.put('/db').expect(201)
  for (const [path, method, allowed] of ALLOWED) {
    const send = {
      GET: agent.get(path),
      PUT: agent.put(path),
      POST: agent.post(path),
      DELETE: agent.delete(path),
    }
    const answer = await send[method]
    t.is(answer.status, 405, `${method} ${path}`)
    t.is(answer.headers['allow'], allowed)
    t.deepEqual(answer.body, { error: 'method_not_allowed', reason: `Only ${allowed} allowed` })
  }
})

test(
  'a trailing slash is forgiven, and HEAD answers as GET without a body',
  withServer,
  async (t, { url }) => {
    const agent = supertest.agent(url)
    await agent.put('/db/').expect(201)
    await agent.put('/db/doc').send({ n: 1 }).expect(201)
    const got = await agent.get('/db/doc/').expect(200)
    const head = await agent.head('/db/doc').expect(200)
    t.is(head.headers['etag'], got.headers['etag'])
    t.is(head.headers['content-length'], got.headers['content-length'])
    t.falsy(head.text)
  },
)

test(
  'every answer names its request, as the client does, and says how long the body took',
  withServer,
  async (t, { url }) => {
    const agent = supertest.agent(url)
    await agent.put('/db').expect(201)
    await agent.put('/db/doc').send({}).expect(201)
    const named = await agent.get('/').set('X-Couch-Request-ID', 'E7498DE1-B661-42FA')
    t.is(named.headers['x-couch-request-id'], 'E7498DE1-B661-42FA')
    const odd = await agent.get('/').set('X-Couch-Request-ID', 'no id')
    t.regex(String(odd.headers['x-couch-request-id']), /^[0-9a-f]{10}$/)
    for (const path of ['/db/doc?open_revs=all', '/db/_all_docs', '/db/none']) {
      const { headers } = await agent.head(path)
      t.regex(String(headers['x-couchdb-body-time']), /^\d+$/, path)
      t.truthy(headers['x-couch-request-id'], path)
    }
  },
)

test('who prefers a minimal answer gets no header that is not named', withServer, async (t, { url }) => {
  const agent = supertest.agent(url)
  await agent.put('/db').expect(201)
  await agent.put('/db/doc').send({}).expect(201)
  const minimal = await agent.get('/db/doc').set('Prefer', 'RETURN=minimal').expect(200)
  const named = ['cache-control', 'content-length', 'content-type', 'etag', 'server']
  const ofTheConnection = ['connection', 'date', 'keep-alive']
  const sent = Object.keys(minimal.headers).filter(name => !ofTheConnection.includes(name))
  t.deepEqual(sent.sort(), named)
  const other = await agent.get('/db/doc').set('Prefer', 'respond-async').expect(200)
  t.truthy(other.headers['x-couch-request-id'])
  const lines = await agent.get('/db/_changes').set('Prefer', 'return=minimal').expect(200)
  t.is((lines.body as { results: unknown[] }).results.length, 1)
})

test('what the client has already is 304, with a length of 0', withServer, async (t, { url }) => {
  const agent = supertest.agent(url)
  await agent.put('/db').expect(201)
  const { headers } = await agent.put('/db/doc').send({}).expect(201)
  const again = await agent.get('/db/doc').set('If-None-Match', String(headers['etag']))
  t.is(again.status, 304)
  t.is(again.headers['content-length'], '0')
  t.is(again.headers['etag'], headers['etag'])
})

test('the server names itself as CouchDB does, and itself', withServer, async (t, { url }) => {
  const { headers } = await supertest.agent(url).get('/').expect(200)
  t.regex(String(headers['server']), /^CouchDB\/3\.\d+\.\d+ \(Couchette\//)
})

test('answers may be framed by their own origin alone', withServer, async (t, { url }) => {
  const agent = supertest.agent(url)
  const set = (path: string, value: string) =>
    agent.put(`/_node/_local/_config/${path}`).send(JSON.stringify(value)).expect(200)
  const told = async () =>
    (await agent.get('/').set('Host', 'db.example')).headers['x-frame-options'] as unknown
  t.is(await told(), undefined)
  await set('chttpd/enable_xframe_options', 'true')
  t.is(await told(), 'DENY')
  await set('x_frame_options/hosts', 'http://a.example, http://db.example')
  t.is(await told(), 'ALLOW-FROM http://db.example')
  await set('x_frame_options/hosts', 'http://a.example')
  t.is(await told(), 'DENY')
  await set('x_frame_options/hosts', '*')
  t.is(await told(), 'ALLOW-FROM http://db.example')
  await set('x_frame_options/same_origin', 'true')
  t.is(await told(), 'SAMEORIGIN')
})

test('401 challenges as it is configured, or as the client wants it', withServer, async (t, { url }) => {
  const agent = supertest.agent(url)
  const anonymous = supertest.agent(url.replace(/\/\/.*@/, '//'))
  const challenge = async (headers: Record<string, string> = {}) =>
    (await anonymous.get('/_all_dbs').set(headers).expect(401)).headers['www-authenticate'] as unknown
  t.is(await challenge(), undefined)
  t.is(await challenge({ 'X-CouchDB-WWW-Authenticate': 'Cookie' }), 'Cookie')
  const basic = 'Basic realm="administrator"'
  await agent.put('/_node/_local/_config/chttpd/WWW-Authenticate').send(JSON.stringify(basic)).expect(200)
  t.is(await challenge(), basic)
  t.is(await challenge({ 'X-CouchDB-WWW-Authenticate': 'Cookie' }), 'Cookie')
})
