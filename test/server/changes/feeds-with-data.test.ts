import { request } from 'undici'
import test from 'ava'
import { gzipSync } from 'node:zlib'
import { target } from '../../../harness/client.ts'
import { startServer } from '../../helpers/server.ts'
import { call } from '../../helpers/http.ts'
import { readGrowth } from '../../helpers/read-growth.ts'

const SIZE = 64 * 1024 * 1024

test('a feed with attachments sends what a small file inflates to, and holds little of it', async t => {
  t.timeout(120_000)
  const server = await startServer()
  t.teardown(server.close)
  const { url } = server
  await call(url, 'PUT', '/db')
  const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' }
  await call(url, 'PUT', '/db/doc/file', { raw: gzipSync(Buffer.alloc(SIZE)), headers })
  for (const feed of ['normal', 'longpoll', 'continuous&timeout=1000']) {
    const path = `/db/_changes?include_docs=true&attachments=true&feed=${feed}`
    const { bytes, grown } = await readGrowth(url, path)
    t.true(bytes > (SIZE * 4) / 3, feed)
    t.true(grown < SIZE, `${feed}: grown by ${Math.round(grown / 1e6)} MB`)
  }
})

test('rows of live feeds with attachments carry the data of what was written meanwhile', async t => {
  const server = await startServer()
  t.teardown(server.close)
  const { url } = server
  await call(url, 'PUT', '/db')
  const feeds = ['continuous&limit=2', 'longpoll', 'continuous&limit=2&seq_interval=2', 'eventsource&limit=2']
  const { origin, headers } = target(url)
  const answers = feeds.map(async feed => {
    const path = `/db/_changes?include_docs=true&attachments=true&timeout=20000&feed=${feed}`
    const { body } = await request(origin + path, { headers })
    return body.text()
  })
  const _attachments = { note: { content_type: 'text/plain', data: Buffer.from('hello').toString('base64') } }
  await new Promise(resolve => setTimeout(resolve, 300))
  for (const id of ['a', 'b']) await call(url, 'PUT', `/db/${id}`, { json: { _attachments } })
  for (const [at, text] of (await Promise.all(answers)).entries()) {
    const count = text.split('"data":"aGVsbG8="').length - 1
    t.is(count, feeds[at] === 'longpoll' ? Math.max(1, count) : 2, `${feeds[at]}: ${text}`)
    t.false(text.includes('\u0001'))
  }
})
