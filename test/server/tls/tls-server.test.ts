import { readFile, stat } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Agent, request } from 'undici'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'
import { addUser, securedServer, type SecuredServer } from '../../helpers/secured-server.ts'

const BASIC = `Basic ${Buffer.from('admin:pass').toString('base64')}`

async function tlsServer(
  t: ExecutionContext,
  ...settings: string[]
): Promise<SecuredServer & { url: string; ca: string }> {
  const secured = await securedServer(t, 'ssl/enable=true', 'ssl/port=0', ...settings)
  const ca = await readFile(join(secured.data, 'tls', 'cert.pem'), 'utf8')
  return { ...secured, ca, url: `https://127.0.0.1:${secured.server.tlsPort ?? 0}` }
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
}

function http2Request(
  session: ClientHttp2Session,
  headers: Record<string, string | string[]>,
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ authorization: BASIC, ...headers })
    let answer: Record<string, unknown> = {}
    let text = ''
    stream.on('response', received => (answer = received))
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => (text += chunk))
    stream.on('end', () => resolve({ status: Number(answer[':status']), headers: answer, text }))
    stream.on('error', reject)
    if (body === '') stream.end()
    else stream.end(body)
  })
}

test('HTTP/2 and HTTP/1.1 are served on the same port of TLS', async t => {
  const { url, ca } = await tlsServer(t)
  const agent = new Agent({ connect: { ca } })
  const { statusCode, body } = await request(`${url}/`, { dispatcher: agent })
  t.is(statusCode, 200)
  await body.dump()
  await agent.close()

  const session = connect(url, { ca })
  const json = { 'content-type': 'application/json' }
  t.is((await http2Request(session, { ':method': 'PUT', ':path': '/db' })).status, 201)
  t.is((await http2Request(session, { ':method': 'PUT', ':path': '/db/a', ...json }, '{"x":1}')).status, 201)
  const { status, text } = await http2Request(session, { ':path': '/db/a' })
  t.is(status, 200)
  t.like(JSON.parse(text), { x: 1 })
  t.is((await http2Request(session, { ':path': '/db/none' })).status, 404)
  t.is((await http2Request(session, { ':path': '/db', authorization: 'Basic eDp5' })).status, 401)
  session.close()
})

test('what clients of HTTP/2 break off is no error in the log', async t => {
  const { path: data } = await tempDir()
  const log = join(data, 'couch.log')
  const settings = [
    { section: 'ssl', key: 'enable', value: 'true' },
    { section: 'ssl', key: 'port', value: '0' },
    { section: 'log', key: 'writer', value: 'file' },
    { section: 'log', key: 'file', value: log },
  ]
  const server = await startServer({ data, settings, logLevel: 'error' })
  t.teardown(() => server.close())
  const ca = await readFile(join(data, 'tls', 'cert.pem'), 'utf8')
  const url = `https://127.0.0.1:${server.couchette.tlsPort ?? 0}`
  await call(server.url, 'PUT', '/db')
  for (const code of [
    constants.NGHTTP2_PROTOCOL_ERROR,
    constants.NGHTTP2_CANCEL,
    constants.NGHTTP2_INTERNAL_ERROR,
  ]) {
    for (const [path, method] of [
      ['/db/_bulk_docs', 'POST'],
      ['/db/doc/file', 'PUT'],
      ['/db/_changes?feed=continuous&heartbeat=10', 'GET'],
    ]) {
      const session = connect(url, { ca }).on('error', () => undefined)
      const stream = session.request({
        ':method': method,
        ':path': path,
        authorization: BASIC,
        'content-type': 'application/json',
      })
      stream.on('error', () => undefined)
      if (method === 'GET') await once(stream, 'data')
      else await new Promise(resolve => stream.write('{"docs":[{"_id":"', resolve))
      // Answered behind it, so that the server has the beginning.
      await http2Request(session, { ':path': '/' })
      stream.close(code)
      await http2Request(session, { ':path': '/' })
      session.destroy(undefined, code)
    }
  }
  t.is((await call(server.url, 'GET', '/')).status, 200)
  t.deepEqual(
    (await readFile(log, 'utf8')).split('\n').filter(line => /"level":"error"/.test(line)),
    [],
  )
})

test('twenty feeds share one connection of HTTP/2', async t => {
  const { url, ca, admin } = await tlsServer(t)
  await admin('PUT', '/db')
  const session = connect(url, { ca })
  const path = '/db/_changes?feed=longpoll&since=now&timeout=20000'
  const feeds = Array.from({ length: 20 }, () => http2Request(session, { ':path': path }))
  await http2Request(session, { ':path': '/' })
  await admin('PUT', '/db/a', { json: {} })
  for (const { status, text } of await Promise.all(feeds)) {
    t.is(status, 200)
    t.regex(text, /"id":"a"/)
  }
  session.close()
})

test('a session over TLS has a secure cookie', async t => {
  const { url, ca } = await tlsServer(t)
  const session = connect(url, { ca })
  const headers = { ':method': 'POST', ':path': '/_session', 'content-type': 'application/json' }
  const answer = await http2Request(session, headers, '{"name":"admin","password":"pass"}')
  t.regex(String(answer.headers['set-cookie']), /; Secure; Path=\/; HttpOnly$/)
  session.close()
})

test('the key that was made is for its owner only', async t => {
  const { data } = await tlsServer(t)
  t.is((await stat(join(data, 'tls', 'key.pem'))).mode & 0o777, 0o600)
})

/** Logs in as ann over HTTP/2 or, over TLS as well, HTTP/1.1; answers the status. */
type Login = (forwardedFor: string | string[] | undefined, password: string) => Promise<number>

async function logins(
  t: ExecutionContext,
  ...settings: string[]
): Promise<Readonly<Record<'http2' | 'http1', Login>>> {
  const secured = await tlsServer(t, 'chttpd_auth_lockout/threshold=3', ...settings)
  await addUser(secured, 'ann')
  const { url, ca } = secured
  const session = connect(url, { ca })
  const agent = new Agent({ connect: { ca } })
  t.teardown(() => session.destroy())
  t.teardown(() => agent.destroy())
  const common = (forwardedFor: string | string[] | undefined) => ({
    'content-type': 'application/json',
    ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
  })
  const body = (password: string) => JSON.stringify({ name: 'ann', password })
  return {
    async http2(forwardedFor, password) {
      const headers = { ':method': 'POST', ':path': '/_session', authorization: [], ...common(forwardedFor) }
      return (await http2Request(session, headers, body(password))).status
    },
    async http1(forwardedFor, password) {
      const answer = await request(`${url}/_session`, {
        method: 'POST',
        dispatcher: agent,
        headers: common(forwardedFor),
        body: body(password),
      })
      await answer.body.dump()
      return answer.statusCode
    },
  }
}

for (const [one, other] of [
  ['http2', 'http1'],
  ['http1', 'http2'],
] as const) {
  test(`X-Forwarded-For of anybody avoids no lockout over ${one}`, async t => {
    const login = await logins(t)
    for (let n = 0; n < 3; n++) t.is(await login[one](`192.0.2.${n}`, 'wrong'), 401)
    t.is(await login[one]('192.0.2.99', 'secret'), 403)
    t.is(await login[other](undefined, 'secret'), 403)
  })

  test(`a trusted proxy over ${one} names its client, in one header or several`, async t => {
    const login = await logins(t, 'couchette/trusted_proxies=127.0.0.1, 10.0.0.0/8')
    for (const forwardedFor of ['192.0.2.1', ['203.0.113.5', '192.0.2.1, 10.1.2.3'], '192.0.2.1:4711'])
      t.is(await login[one](forwardedFor, 'wrong'), 401)
    t.is(await login[one]('192.0.2.1', 'secret'), 403)
    t.is(await login[other](['192.0.2.1', '10.9.9.9'], 'secret'), 403)
    t.is(await login[one](['192.0.2.1', '192.0.2.2'], 'secret'), 200)
    t.is(await login[other](undefined, 'secret'), 200)
  })
}
