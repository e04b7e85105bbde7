import { gzipSync } from 'node:zlib'
import test from 'ava'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

const GZIPPED = { 'content-type': 'application/json', 'content-encoding': 'gzip' }

test('a gzipped body is inflated', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const written = await call(url, 'PUT', '/db/doc', { raw: gzipSync('{"n":1}'), headers: GZIPPED })
  t.is(written.status, 201)
  t.is((await call(url, 'GET', '/db/doc')).body['n'], 1)
})

test(
  'a body that is not gzipped, or not to its end, is the client’s fault',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    for (const raw of [Buffer.from('{"n":1}'), gzipSync('{"n":1}').subarray(0, 12)]) {
      const refused = await call(url, 'PUT', '/db/doc', { raw, headers: GZIPPED })
      t.is(refused.status, 400)
      t.deepEqual(refused.body, { error: 'bad_request', reason: 'Request body is not properly gzipped.' })
    }
    t.is((await call(url, 'GET', '/db/doc')).status, 404)
  },
)

test('what inflates past the limit is cut off at the limit', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/_node/_local/_config/chttpd/max_http_request_size', { json: '1000000' })
  const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
  t.true(bomb.length < 100_000)
  const refused = await call(url, 'PUT', '/db/doc', { raw: bomb, headers: GZIPPED })
  t.is(refused.status, 413)
})
