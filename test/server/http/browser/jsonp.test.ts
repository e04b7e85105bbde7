import test from 'ava'
import { request } from 'undici'
import { target } from '../../../../harness/client.ts'
import { refused } from '../../../helpers/answers.ts'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

async function get(url: string, path: string): Promise<{ status: number; type: unknown; text: string }> {
  const { origin, headers } = target(url)
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(origin + path, {
    headers: { accept: 'application/json', ...headers },
  })
  return { status: statusCode, type: answered['content-type'], text: await body.text() }
}

/** Returns what a page would be handed. */
function handedTo(callback: string, text: string): unknown {
  const script = /^\/\* CouchDB \*\/([\w.[\]]+)\((.*)\);\n$/s.exec(text)
  return script?.[1] === callback ? (JSON.parse(script[2] ?? '') as unknown) : text
}

test('a callback means nothing, unless it is configured to', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const { status, type, text } = await get(url, '/db/_all_docs?callback=f')
  t.deepEqual({ status, type }, { status: 200, type: 'application/json' })
  t.deepEqual((JSON.parse(text) as { rows: unknown }).rows, [])
})

test(
  'JSON is handed to a callback: what is sent whole, in rows, or as an error',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    await call(url, 'PUT', '/db/doc', { json: { n: 1 } })
    await call(url, 'PUT', '/_node/_local/_config/chttpd/allow_jsonp', { json: 'true' })
    const paths = [
      '/db/doc',
      '/db/_all_docs',
      '/db/_changes',
      '/db/none',
      '/db/doc?open_revs=["1-x"]',
      '/_all_dbs',
    ]
    for (const path of paths) {
      const [plain, script] = [
        await get(url, path),
        await get(url, `${path}${path.includes('?') ? '&' : '?'}callback=a.b[0]`),
      ]
      t.is(script.type, 'application/javascript', path)
      t.is(script.status, plain.status, path)
      t.deepEqual(handedTo('a.b[0]', script.text), JSON.parse(plain.text), path)
    }
    const bad = await get(url, "/db/doc?callback=alert('x')")
    t.deepEqual([bad.status, bad.type], [400, 'application/json'])
    t.deepEqual(JSON.parse(bad.text), refused('bad_request', 'invalid_callback'))
  },
)
