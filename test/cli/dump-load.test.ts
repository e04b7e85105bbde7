import { access, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { call } from '../helpers/http.ts'
import { honest, startProxy } from '../helpers/faulty-proxy.ts'
import { startServer } from '../helpers/server.ts'
import { tempDir } from '../helpers/temp.ts'
import { runCli } from './run-cli.ts'

const DOCS = 1200

interface Place {
  readonly url: string
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
}

/** A database "orders" with exact numbers, an attachment, a conflict and a deleted document. */
async function withOrders(t: ExecutionContext): Promise<Place> {
  const { url, close } = await startServer()
  t.teardown(close)
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  await call(url, 'PUT', '/orders')
  const docs = Array.from({ length: DOCS }, (_, at) => ({ _id: `order-${String(at).padStart(5, '0')}` }))
  await call(url, 'POST', '/orders/_bulk_docs', { json: { docs } })
  await call(url, 'PUT', '/orders/exact', { raw: '{"n":1.0,"big":12345678901234567890,"z":1,"10":2,"9":3}' })
  await call(url, 'PUT', '/orders/file', {
    json: {
      _attachments: { 'a.bin': { content_type: 'application/octet-stream', data: 'aGVsbG8=' } },
      kept: 1,
    },
  })
  await call(url, 'POST', '/orders/_bulk_docs', {
    json: { new_edits: false, docs: [{ _id: 'exact', _rev: '1-other', lost: true }] },
  })
  const { body } = await call<{ rev: string }>(url, 'PUT', '/orders/gone', { json: {} })
  await call(url, 'DELETE', `/orders/gone?rev=${body.rev}`)
  return { url, dir: dir.path, env: { COUCHETTE_URL: url } }
}

/** All leaves of a database, by id, with the attachment's bytes. */
async function contentOf(url: string, name: string): Promise<object> {
  const { body } = await call<{ results: { id: string; changes: { rev: string }[] }[] }>(
    url,
    'GET',
    `/${name}/_changes?style=all_docs`,
  )
  const leaves = Object.fromEntries(
    body.results.map(({ id, changes }) => [id, changes.map(({ rev }) => rev).sort()]),
  )
  const exact = (await call<string>(url, 'GET', `/${name}/exact`, { headers: { accept: 'text/plain' } })).body
  return { leaves, exact, file: (await call<string>(url, 'GET', `/${name}/file/a.bin`)).body }
}

for (const format of ['ndjson', 'json', 'couchbackup'] as const) {
  test(`what is dumped as ${format} and loaded again is the same database`, async t => {
    const { url, dir, env } = await withOrders(t)
    const file = join(dir, `orders.${format}.gz`)
    const dumped = await runCli(['dump', 'orders', file, '--format', format, '--deleted'], { env })
    t.is(dumped.code, 0, dumped.err)
    t.is((await stat(file)).mode & 0o777, 0o600)
    await t.throwsAsync(access(`${file}.resume`))
    const text = gunzipSync(await readFile(file)).toString()
    t.true(text.includes('"n":1.0,"big":12345678901234567890,"z":1,"10":2,"9":3'))
    const loaded = await runCli(['load', 'copy', file, '--create'], { env })
    t.is(loaded.code, 0, loaded.out)
    t.regex(loaded.out, /^1,204 documents written to http:\/\/127\.0\.0\.1:\d+\/copy, in /)
    t.deepEqual(await contentOf(url, 'copy'), await contentOf(url, 'orders'))
  })
}

test('a dump goes to standard output, and one as of _all_docs has the winners that live', async t => {
  const { env } = await withOrders(t)
  const { out, code } = await runCli(
    ['dump', 'orders', '--format', 'all_docs', '--doc-ids', 'exact,gone,file'],
    { env },
  )
  t.is(code, 0)
  const { rows } = JSON.parse(out) as { rows: { id: string; doc: { _rev: string } }[] }
  t.deepEqual(rows.map(({ id }) => id).sort(), ['exact', 'file'])
  const plain = await runCli(['dump', 'orders', '--doc-ids', 'file', '--no-attachments'], { env })
  t.regex(plain.out, /^\{"_id":"file",.*"kept":1.*\}\n$/)
  t.notRegex(plain.out, /_attachments/)
})

test('a dump that was cut off is resumed where it stood, and never mixed with another', async t => {
  const { url, dir, env } = await withOrders(t)
  const proxy = await startProxy(url)
  t.teardown(() => proxy.close())
  let fetched = 0
  proxy.script = ({ path }) =>
    /_bulk_get/.test(path) && ++fetched > 6 ? { kind: 'cut answer', after: 10 } : undefined
  const file = join(dir, 'orders.ndjson.gz')
  const args = ['dump', `${proxy.url}/orders`, file, '--batch-size', '50', '--retries', '0']
  const cut = await runCli(args)
  t.is(cut.code, 3)
  t.regex(cut.err, /^The dump is not complete: --resume goes on with it\.\ncouchette: connection_closed: /m)
  const { documents } = JSON.parse(await readFile(`${file}.resume`, 'utf8')) as { documents: number }
  t.true(documents > 0 && documents < DOCS)
  // What a crash leaves behind the last checkpoint is no part of it.
  await writeFile(file, Buffer.concat([await readFile(file), Buffer.from('half a member')]))
  proxy.script = honest
  t.regex((await runCli(args)).err, /is an unfinished dump: --resume goes on with it/)
  t.is((await runCli([...args, '--resume', '--winners'])).code, 2)
  const rest = await runCli([...args, '--resume', '--json'])
  t.like(JSON.parse(rest.out), { ok: true, documents: DOCS + 3 })
  t.is((await runCli(['load', 'copy', file, '--create'], { env })).code, 0)
  t.is((await call<{ doc_count: number }>(url, 'GET', '/copy')).body.doc_count, DOCS + 2)
  t.regex((await runCli(args)).err, /exists: --overwrite replaces it\.\n$/)
})

test('a load that was cut off is resumed where it stood', async t => {
  const { url, dir } = await withOrders(t)
  const lines = Array.from({ length: 1000 }, (_, at) => `{"_id":"new-${at}","at":${at}.0}\n`)
  const file = join(dir, 'new.json')
  await writeFile(file, gzipSync(lines.join('')))
  const proxy = await startProxy(url)
  t.teardown(() => proxy.close())
  let sent = 0
  proxy.script = ({ path }) =>
    /_bulk_docs/.test(path) && ++sent > 5 ? { kind: 'cut answer', after: 0 } : undefined
  const args = ['load', `${proxy.url}/fresh`, file, '--create', '--batch-size', '50', '--retries', '0']
  const cut = await runCli(args)
  t.is(cut.code, 3)
  t.regex(cut.err, /The load is not complete: --resume goes on with it\.\ncouchette: connection_closed: /)
  proxy.script = honest
  const rest = await runCli([...args, '--resume', '--json'])
  t.is(rest.code, 0)
  const { written } = JSON.parse(rest.out) as { written: number }
  t.true(written < 1000)
  t.is((await call<{ doc_count: number }>(url, 'GET', '/fresh')).body.doc_count, 1000)
  await t.throwsAsync(access(`${file}.loaded`))
})

test('documents without ids get one each, whatever is sent twice; one that is refused stops no other', async t => {
  const { url, env } = await withOrders(t)
  const input = '{"a":1}\n{}\n{"_id":"_bad"}\n{"_id":"file","_attachments":{"x":{"stub":true}}}\n{"b":2}\n'
  const loaded = await runCli(['load', 'some', '--create'], { env, input })
  t.is(loaded.code, 6)
  t.regex(loaded.out, /^3 documents written/)
  t.regex(loaded.out, /refused: _bad {2,}illegal_docid: /)
  t.is((await call<{ doc_count: number }>(url, 'GET', '/some')).body.doc_count, 3)
  const again = await runCli(['load', 'some', '--json'], { env, input: '{"a":1}\n{"b":2}\n' })
  t.like(JSON.parse(again.out), { ok: true, written: 2 })
  t.is((await call<{ doc_count: number }>(url, 'GET', '/some')).body.doc_count, 3)
})

test('files that cannot be loaded are told in sentences', async t => {
  const { dir, env } = await withOrders(t)
  const load = async (content: string | Buffer): Promise<string> => {
    const file = join(dir, 'bad')
    await writeFile(file, content)
    const { code, err } = await runCli(['load', 'orders', file], { env })
    t.is(code, 1)
    return err
  }
  t.regex(await load('{"_id":"x"'), /^couchette: The file ends in the middle of a document/m)
  t.regex(await load('"only words"'), /has no documents in any form that load takes/)
  t.regex(await load(gzipSync('{"_id":"x"}\n').subarray(0, 15)), /its gzip data is cut short/)
  t.regex(
    (await runCli(['load', 'orders', join(dir, 'none')], { env })).err,
    /there is no such file or directory/,
  )
  const missing = await runCli(['load', 'none', join(dir, 'bad')], { env })
  t.deepEqual([missing.code, /has no database none: --create makes it\.\n$/.test(missing.err)], [5, true])
})
