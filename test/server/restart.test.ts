import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
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
