import { readdir } from 'node:fs/promises'
import { dirname, basename } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { call } from '../../helpers/http.ts'
import { rawStatus } from '../../helpers/raw-request.ts'
import { ADMIN, securedServer } from '../../helpers/secured-server.ts'
import { HOSTILE } from './hostile-requests.ts'

const MAX_GROWTH = 100 * 1024 * 1024
const HANDLERS = ['jwt', 'cookie', 'default']
  .map(name => `{chttpd_auth, ${name}_authentication_handler}`)
  .join(', ')

test('hostile requests are refused, and leave the server as it was', async t => {
  t.timeout(120_000)
  const secured = await securedServer(
    t,
    'chttpd/max_http_request_size=20000000',
    'couchette/max_document_depth=200000',
    `chttpd/authentication_handlers=${HANDLERS}`,
  )
  const { server, data, admin } = secured
  await admin('PUT', '/db')
  await admin('PUT', '/db/doc', { json: {} })
  const outside = (await readdir(dirname(data))).filter(name => name !== basename(data))
  const wrong: string[] = []
  const before = memory()
  for (const { title, bytes, expected } of HOSTILE) {
    const status = await rawStatus(server.port, bytes)
    if (!expected.includes(status)) wrong.push(`${title}: ${status}`)
  }
  t.deepEqual(wrong, [])
  t.is((await call(server.url.replace('://', `://${ADMIN}@`), 'GET', '/db/doc')).status, 200)
  t.is(({} as { polluted?: boolean }).polluted, undefined)
  const growth = memory() - before
  t.log(`grown by ${Math.round(growth / 1e6)} MB`)
  t.true(growth < MAX_GROWTH)
  const now = (await readdir(dirname(data))).filter(name => /evil|passwd/.test(name))
  t.deepEqual(
    now.filter(name => !outside.includes(name)),
    [],
  )
})

test('a head that does not end is cut off, and so is a body', async t => {
  const { server } = await securedServer(t, 'couchette/headers_timeout=500', 'couchette/body_timeout=500')
  const [head, body] = await Promise.all([
    rawStatus(server.port, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '),
    rawStatus(server.port, `PUT /_session HTTP/1.1\r\nHost: x\r\n\r\n`),
  ])
  t.is(head, 408)
  t.is(body, 405)
  const login =
    'POST /_session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"na'
  t.is(await rawStatus(server.port, login), 0)
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Returns the memory that is left after a collection. */
function memory(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
