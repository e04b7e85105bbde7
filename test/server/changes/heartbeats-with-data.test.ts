import { gzipSync } from 'node:zlib'
import test from 'ava'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

const SIZE = 16 * 1024 * 1024

test('no heartbeat comes into the middle of a row', async t => {
  const server = await startServer()
  t.teardown(server.close)
  const { url } = server
  await call(url, 'PUT', '/db')
  const type = { 'content-type': 'text/plain', 'content-encoding': 'gzip' }
  await call(url, 'PUT', '/db/doc/file', { raw: gzipSync(Buffer.alloc(SIZE)), headers: type })
  const { origin, headers } = target(url)
  for (const feed of ['continuous&limit=1', 'longpoll', 'eventsource&limit=1']) {
    const path = `/db/_changes?include_docs=true&attachments=true&since=0&heartbeat=2&feed=${feed}`
    const { body } = await request(origin + path, { headers })
    const text = (await body.text()).trim()
    const row = feed === 'longpoll' ? text : text.split('\n').find(line => line.includes('"seq"'))
    const json = row?.replace(/^data: /, '') ?? ''
    t.notThrows(() => void JSON.parse(json), `${feed}: ${json.slice(-100)}`)
  }
})
