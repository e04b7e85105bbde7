import { join } from 'node:path'
import test from 'ava'
import { request } from 'undici'
import { target } from '../../../harness/client.ts'
import { DirectoryPlace } from '../../../server/backup/directory-place.ts'
import { readBackups } from '../../../server/backup/backup-directory.ts'
import { check } from '../../../server/commands/check.ts'
import { restore } from '../../../server/commands/restore.ts'
import { runCli } from '../../cli/run-cli.ts'
import { damageContents } from '../../helpers/faults/damaged-contents.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

interface BulkGet {
  readonly results: readonly {
    readonly id: string
    readonly docs: readonly {
      readonly ok?: { readonly _id: string; readonly _attachments?: object }
      readonly error?: Readonly<Record<string, string>>
    }[]
  }[]
}

const SPOILED = 'what will be spoiled'
const DESIGN = {
  views: { v: { map: 'function (doc) { emit(doc._id) }' } },
  shows: { s: 'function (doc) { return doc.text }' },
  lists: { l: 'function () { var row; while (row = getRow()) send(row.doc.text) }' },
  updates: { u: 'function (doc) { return [null, doc.text] }' },
}

test('one damaged document or attachment is an error of its own, and the others stay readable', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const data = join(dir.path, 'data')
  const first = await startServer({ data })
  t.teardown(() => first.close())
  await call(first.url, 'PUT', '/db')
  await call(first.url, 'PUT', '/db/_design/d', { json: DESIGN })
  const headers = { 'content-type': 'image/png' }
  for (const [id, text, content] of [
    ['body', SPOILED, 'x'],
    ['content', 'text', SPOILED],
    ['good', 'text', 'content'],
  ] as const) {
    const { body } = await call(first.url, 'PUT', `/db/${id}`, { json: { text } })
    await call(first.url, 'PUT', `/db/${id}/a?rev=${String(body['rev'])}`, {
      raw: Buffer.from(content),
      headers,
    })
  }
  await call(first.url, 'GET', '/db/_design/d/_view/v')
  await first.couchette.close()
  t.is(await damageContents(data, SPOILED), 3)

  const server = await startServer({ data })
  t.teardown(() => server.close())
  const { url } = server
  const docs = ['body', 'content', 'good', 'none'].map(id => ({ id }))
  const { status, body } = await call<BulkGet>(url, 'POST', '/db/_bulk_get?attachments=true', {
    json: { docs },
  })
  t.is(status, 200)
  const [damagedBody, damagedContent, good, none] = body.results.map(({ docs: [row] }) => row)
  for (const [row, id] of [
    [damagedBody, 'body'],
    [damagedContent, 'content'],
  ] as const) {
    t.like(row?.error, { id, error: 'damaged_record' })
    t.regex(row?.error?.['rev'] ?? '', /^2-/)
  }
  t.like(good?.ok, { _id: 'good', _attachments: { a: { data: Buffer.from('content').toString('base64') } } })
  t.is(none?.error?.['error'], 'not_found')
  const stubs = await call<BulkGet>(url, 'POST', '/db/_bulk_get', { json: { docs } })
  t.deepEqual(
    stubs.body.results.map(({ docs: [row] }) => row?.ok?._id),
    [undefined, 'content', 'good', undefined],
  )
  const { origin, headers: login } = target(url)
  const parts = await request(`${origin}/db/_bulk_get`, {
    method: 'POST',
    headers: { ...login, 'content-type': 'application/json', accept: 'multipart/mixed' },
    body: JSON.stringify({ docs: docs.filter(({ id }) => id !== 'content') }),
    reset: true,
  })
  const text = await parts.body.text()
  t.regex(text, /"id":"body","rev":"2-.*","error":"damaged_record"/)
  t.regex(text, /X-Doc-Id: good/i)

  const isDamaged = async (method: 'GET' | 'POST', path: string) => {
    const answer = await call(url, method, path, method === 'POST' ? { json: {} } : {})
    t.deepEqual([answer.status, answer.body['error']], [500, 'damaged_record'], path)
  }
  await isDamaged('GET', '/db/body')
  await isDamaged('GET', '/db/content/a')
  await isDamaged('GET', '/db/_design/d/_show/s/body')
  await isDamaged('POST', '/db/_design/d/_update/u/body')
  await isDamaged('GET', '/db/_design/d/_list/l/v?include_docs=true&key="body"')
  await isDamaged('GET', '/db/_design/d/_view/v?include_docs=true&key="body"')
  t.is((await call(url, 'GET', '/db/_design/d/_show/s/content')).status, 200)
  t.is((await call(url, 'GET', '/db/_design/d/_list/l/v?include_docs=true&startkey="content"')).status, 200)
  const health = await call<{ store: { damaged_reads: number } }>(url, 'GET', '/_node/_local/_health')
  t.true(health.body.store.damaged_reads >= 8)

  const backups = join(dir.path, 'backups')
  const taken = await runCli(['backup', backups, '--url', url])
  t.is(taken.code, 0, taken.err)
  t.is((await readBackups(new DirectoryPlace(backups))).length, 1)
  t.is(await restore({ backups, data: join(dir.path, 'restored') }), 1)
  await server.couchette.close()
  t.is(await check({ data }), 1)
})

test('a damaged leaf of a document is named, and its others are answered', async t => {
  const { path: data } = await tempDir()
  const first = await startServer({ data })
  await call(first.url, 'PUT', '/db')
  const [good, bad] = [`1-${'a'.repeat(32)}`, `1-${'b'.repeat(32)}`]
  const docs = [
    { _id: 'doc', _rev: good, text: 'good' },
    { _id: 'doc', _rev: bad, text: SPOILED },
  ]
  await call(first.url, 'POST', '/db/_bulk_docs', { json: { docs, new_edits: false } })
  await first.couchette.close()
  await damageContents(data, SPOILED)
  const server = await startServer({ data })
  t.teardown(() => server.close())
  for (const query of ['open_revs=all', `open_revs=["${good}","${bad}"]`]) {
    const rows = await call<Record<string, unknown>[]>(server.url, 'GET', `/db/doc?${query}`)
    t.is(rows.status, 200)
    t.like(rows.body.find(row => 'ok' in row)?.['ok'], { _rev: good, text: 'good' })
    t.like(
      rows.body.find(row => 'error' in row),
      { error: 'damaged_record', rev: bad },
    )
    const parts = await call<string>(server.url, 'GET', `/db/doc?${query}`, {
      headers: { accept: 'multipart/mixed' },
    })
    t.regex(String(parts.body), /error="true"\r\n\r\n\{"error":"damaged_record"/)
    t.regex(String(parts.body), /"text":"good"/)
  }
  // A replication records the document as a failure: it is not taken for one that is not there.
  await call(server.url, 'PUT', '/copy')
  const json = { source: `${server.url}/db`, target: `${server.url}/copy` }
  const ended = await call<{ history?: { doc_write_failures: number }[] }>(
    server.url,
    'POST',
    '/_replicate',
    { json },
  )
  t.true(ended.status !== 200 || (ended.body.history?.[0]?.doc_write_failures ?? 0) > 0)
})
