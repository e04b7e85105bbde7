import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import test from 'ava'
import { target } from '../../../../harness/client.ts'
import { checkAnswers, refused } from '../../../helpers/answers.ts'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

const BROKEN = { status: 400, answer: refused('bad_request', 'invalid_url_encoding') }

test('a percent sign without two digits is refused, in the path and in the query', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'GET', path: '/db/%zz', ...BROKEN },
    { method: 'GET', path: '/db/a%2', ...BROKEN },
    { method: 'GET', path: '/_all_dbs?startkey=%', ...BROKEN },
    { method: 'GET', path: '/_all_dbs?startkey=%22a%22', status: 200 },
  ]),
)

test('slashes that follow one another count as one', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '//db//', status: 201 },
    { method: 'PUT', path: '/db//doc', body: { n: 1 }, status: 201 },
    { method: 'GET', path: '//db///doc//?q=//', status: 200, answer: { n: 1 } },
    { method: 'GET', path: '/db//_all_docs', status: 200, answer: { total_rows: 1 } },
  ]),
)

test('a POST may stand for another method, as its header says', withServer, (t, { url }) => {
  const instead = (method: string) => ({ 'x-http-method-override': method })
  return checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'POST', path: '/db/doc', headers: instead('PUT'), body: { n: 1 }, status: 201 },
    { method: 'POST', path: '/db/doc', headers: instead('GET'), status: 200, answer: { n: 1 } },
    { method: 'POST', path: '/db/doc', headers: instead('HEAD'), status: 200, answer: { n: 1 } },
    { method: 'POST', path: '/db/doc', headers: instead('put'), status: 400 },
    { method: 'GET', path: '/db/other', headers: instead('PUT'), status: 404 },
    { method: 'POST', path: '/db/doc', headers: instead('DELETE'), status: 409 },
  ])
})

test('a plus in a path is a space, unless it is configured to be a plus', withServer, async (t, { url }) => {
  await checkAnswers(t, url, [
    { method: 'PUT', path: '/db', status: 201 },
    { method: 'PUT', path: '/db/a+b', body: {}, status: 201, answer: { id: 'a b' } },
  ])
  await call(url, 'PUT', '/_node/_local/_config/chttpd/decode_plus_to_space', { json: 'false' })
  await checkAnswers(t, url, [
    { method: 'PUT', path: '/db/a+b?x=a+b', body: {}, status: 201, answer: { id: 'a+b' } },
    { method: 'PUT', path: '/with+plus', status: 201 },
    { method: 'GET', path: '/with+plus', status: 200, answer: { db_name: 'with+plus' } },
  ])
})

test('a proxy in front says that the client speaks TLS', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const put = (headers: Record<string, string>, id: string) =>
    call(url, 'PUT', `/db/${id}`, { json: {}, headers: { 'x-forwarded-host': 'db.example', ...headers } })
  const plain = await put({}, 'a')
  const bySsl = await put({ 'x-forwarded-ssl': 'on' }, 'b')
  const byProto = await put({ 'x-forwarded-proto': 'https' }, 'c')
  t.is(plain.headers['location'], 'http://db.example/db/a')
  t.is(bySsl.headers['location'], 'https://db.example/db/b')
  t.is(byProto.headers['location'], 'https://db.example/db/c')
})

test(
  'a request that announces no body has none, which is not an empty one',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    t.is(await bodyless(url, 'PUT', '/db/doc'), 'Missing request body')
    t.is(await bodyless(url, 'POST', '/db/_bulk_docs'), 'Missing request body')
    t.is((await call(url, 'PUT', '/db/doc', { raw: '' })).body['reason'], 'invalid UTF-8 JSON')
  },
)

/** Why a request with neither a length nor a transfer encoding is refused. */
async function bodyless(url: string, method: string, path: string): Promise<unknown> {
  const { origin, headers } = target(url)
  const sent = request(origin + path, { method, headers: { ...headers, 'content-type': 'application/json' } })
  sent.removeHeader('Content-Length')
  sent.removeHeader('Transfer-Encoding')
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return ((await json(answer)) as { reason: unknown }).reason
}
