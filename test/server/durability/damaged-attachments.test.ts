import { cp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

const LARGE = Buffer.from(Array.from({ length: 400_000 }, (_, n) => (n * 7) % 251))
const SMALL = LARGE.subarray(0, 60_000)

const JSON_TYPE = { accept: 'application/json' }
const BULK_GET = JSON.stringify({ docs: [{ id: 'ID' }] })
const OPEN_REVS = '/db/ID?open_revs=all&attachments=true'

interface Read {
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Every way to read a document's attachment; ID is the document. */
const READS: readonly Read[] = [
  { path: '/db/ID/a' },
  { path: '/db/ID/a', headers: { range: 'bytes=0-' } },
  { path: '/db/ID?attachments=true', headers: JSON_TYPE },
  { path: '/db/ID?attachments=true', headers: { accept: 'multipart/related' } },
  { path: '/db/ID?attachments=true&rev=REV', headers: JSON_TYPE },
  { path: OPEN_REVS, headers: JSON_TYPE },
  { path: OPEN_REVS, headers: { accept: 'multipart/mixed' } },
  { path: '/db/_bulk_get?attachments=true', body: BULK_GET, headers: JSON_TYPE },
  { path: '/db/_bulk_get?attachments=true', body: BULK_GET, headers: { accept: 'multipart/mixed' } },
  { path: '/db/_all_docs?include_docs=true&attachments=true&key="ID"' },
  { path: '/db/_all_docs?include_docs=true&attachments=true', body: '{"keys":["ID"]}' },
  { path: '/db/_design/d/_view/v?include_docs=true&attachments=true&key="ID"&reduce=false' },
  { path: '/db/_changes?include_docs=true&attachments=true' },
  { path: '/db/_changes?include_docs=true&attachments=true&descending=true' },
  { path: '/db/_changes?include_docs=true&attachments=true&filter=_doc_ids', body: '{"doc_ids":["ID"]}' },
  { path: '/db/_changes?include_docs=true&attachments=true&feed=longpoll&since=0' },
  { path: '/db/_changes?include_docs=true&attachments=true&feed=continuous&since=0&limit=9&timeout=500' },
  { path: '/db/_changes?include_docs=true&attachments=true&feed=eventsource&since=0&limit=9&timeout=500' },
]

async function flipBytes(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const { parentPath, name } of entries.filter(entry => entry.isFile())) {
    const file = join(parentPath, name)
    if ((await stat(file)).size === 0) continue
    const handle = await open(file, 'r+')
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 50_000)
    await handle.write(Buffer.of((buffer[0] ?? 0) ^ 0x10), 0, 1, 50_000)
    await handle.close()
  }
}

/** The status, where the answer came to its end; 0 where it was broken off. */
async function wholeStatus(url: string, { path, headers = {}, body }: Read): Promise<number> {
  const { origin, headers: login } = target(url)
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  try {
    const answer = await request(origin + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...login, ...type, ...headers },
      reset: true,
      ...(body === undefined ? {} : { body }),
    })
    const text = await answer.body.text()
    // A feed tells its failure in a line of its own, where no row was begun.
    return /(?:^|\n|data: )\{"error":/.test(text) ? 500 : answer.statusCode
  } catch {
    return 0
  }
}

test('no route gives wrong bytes of an attachment and comes to a good end', async t => {
  for (const [id, content] of [
    ['large', LARGE],
    ['small', SMALL],
  ] as const) {
    const dir = await tempDir()
    const data = join(dir.path, 'data')
    const server = await startServer({ data })
    try {
      for (const name of ['db', 'other', '_replicator']) await call(server.url, 'PUT', `/${name}`)
      await call(server.url, 'PUT', '/db/_design/d', {
        json: { views: { v: { map: 'function (doc) { emit(doc._id) }' } } },
      })
      const headers = { 'content-type': 'image/png' }
      const written = await call<{ rev: string }>(server.url, 'PUT', `/db/${id}/a`, { raw: content, headers })
      const named = (text: string): string => text.replaceAll('ID', id).replace('REV', written.body.rev)
      const reads = READS.map(read => ({
        ...read,
        path: named(read.path),
        ...(read.body === undefined ? {} : { body: named(read.body) }),
      }))
      for (const read of reads) {
        const status = await wholeStatus(server.url, read)
        t.true(status === 200 || status === 206, `${read.path} before: ${status}`)
      }
      await flipBytes(join(data, 'attachments'))
      for (const read of reads) {
        const status = await wholeStatus(server.url, read)
        t.true(status === 0 || status === 500, `${id} ${read.path} ${read.headers?.['accept']}: ${status}`)
      }
      const json = { source: `${server.url}/db`, target: `${server.url}/other` }
      await call(server.url, 'POST', '/_replicate', { json: { ...json, doc_ids: [id] } })
      const copied = await call(server.url, 'GET', `/other/${id}`)
      t.is(copied.status, 404, `${id} was not replicated`)
      await call(server.url, 'POST', '/_replicate', {
        json: { source: 'db', target: 'other', doc_ids: [id] },
      })
      const local = await wholeStatus(server.url, { path: `/other/${id}/a` })
      t.true(local !== 200, `${id} replicated within the server: ${local}`)
    } finally {
      await server.close()
      await dir.remove()
    }
  }
})

const REPORT = { settings: [{ section: 'couchette', key: 'on_damage', value: 'report' }] }

test('files that are away at a start, or a store that is away, cost no attachment', async t => {
  const { path: data } = await tempDir()
  const away = `${data}-away`
  const put = (url: string, id: string, fill: number) =>
    call(url, 'PUT', `/db/${id}/a`, { raw: Buffer.alloc(100_000, fill), headers: { 'content-type': 'x/y' } })
  const first = await startServer({ data })
  await call(first.url, 'PUT', '/db')
  t.is((await put(first.url, 'one', 65)).status, 201)
  await first.couchette.close()

  // Without its files: their numbers are not given out again.
  await rename(join(data, 'attachments'), away)
  const second = await startServer({ data, ...REPORT })
  t.is((await put(second.url, 'two', 66)).status, 201)
  const ranged = await call(second.url, 'GET', '/db/one/a', { headers: { range: 'bytes=0-9' } })
  t.is(ranged.status, 500)
  await second.couchette.close()
  await cp(away, join(data, 'attachments'), { recursive: true })

  // Without its store: files of another one are left alone.
  await rename(join(data, 'store'), `${away}-store`)
  const third = await startServer({ data, ...REPORT })
  await call(third.url, 'PUT', '/db')
  t.is((await put(third.url, 'three', 67)).status, 201)
  await third.couchette.close()
  await (await startServer({ data, ...REPORT })).couchette.close()
  await rm(join(data, 'store'), { recursive: true })
  await rename(`${away}-store`, join(data, 'store'))
  const last = await startServer({ data })
  t.is((await call<string>(last.url, 'GET', '/db/one/a')).body, 'A'.repeat(100_000))
  t.is((await call<string>(last.url, 'GET', '/db/two/a')).body, 'B'.repeat(100_000))
  await last.close()
  await rm(away, { recursive: true })
})
