import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { KillableNode } from '../helpers/faults/killable.ts'
import { call } from '../helpers/http.ts'
import { honest, startProxy } from '../helpers/faulty-proxy.ts'
import { startServer } from '../helpers/server.ts'
import { tempDir } from '../helpers/temp.ts'
import { runCli } from './run-cli.ts'

const DOCS = 800

interface Report {
  readonly ok: boolean
  readonly jobs: number
  readonly databases: readonly {
    readonly name: string
    readonly ok: boolean
    readonly written: number
    readonly indexes: readonly { readonly design: string; readonly error: string | null }[]
    readonly comparison: { readonly leaves: number; readonly missing: number } | null
  }[]
}

/** Fills a server with what a migration must bring: security, limits, users, conflicts, attachments, indexes, a job. */
async function fill(url: string, jobSource: string): Promise<void> {
  await call(url, 'PUT', '/orders')
  const docs = Array.from({ length: DOCS }, (_, at) => ({ _id: `order-${at}`, at }))
  await call(url, 'POST', '/orders/_bulk_docs', { json: { docs } })
  await call(url, 'POST', '/orders/_bulk_docs', {
    json: {
      new_edits: false,
      docs: [
        { _id: 'order-0', _rev: '1-other' },
        { _id: 'gone', _rev: '2-x', _deleted: true },
      ],
    },
  })
  await call(url, 'PUT', '/orders/exact', { raw: '{"n":1.0,"big":12345678901234567890}' })
  await call(url, 'PUT', '/orders/file', {
    json: { _attachments: { 'a.txt': { content_type: 'text/plain', data: 'aGVsbG8=' } } },
  })
  await call(url, 'PUT', '/orders/_design/by', {
    json: { views: { at: { map: 'function (d) { emit(d.at) }' } } },
  })
  await call(url, 'POST', '/orders/_index', { json: { index: { fields: ['at'] } } })
  await call(url, 'PUT', '/orders/_security', {
    raw: '{"admins":{"names":["joe"]},"members":{"roles":["sales"]}}',
  })
  await call(url, 'PUT', '/orders/_revs_limit', { raw: '77' })
  await call(url, 'PUT', '/parts?partitioned=true')
  await call(url, 'PUT', '/parts/a:1', { json: {} })
  await call(url, 'PUT', '/with%2Fslash')
  await call(url, 'PUT', '/_users/org.couchdb.user:joe', {
    json: { name: 'joe', password: 'secret', roles: ['sales'], type: 'user' },
  })
  await call(url, 'PUT', '/_replicator/live', {
    json: {
      source: `${jobSource}/orders`,
      target: `${jobSource}/backup`,
      create_target: true,
      continuous: true,
    },
  })
}

async function twoServers(t: ExecutionContext): Promise<{ from: string; to: string; open: string }> {
  const [from, to] = [await startServer(), await startServer()]
  t.teardown(async () => void (await Promise.all([from.close(), to.close()])))
  return { from: from.url, to: to.url, open: to.couchette.url }
}

test('migrate brings everything, says so in a report, and does nothing the second time', async t => {
  const { from, to, open } = await twoServers(t)
  await fill(from, from)
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const dry = await runCli(['migrate', from, '--url', to, '--dry-run', '--json'])
  const listed = (JSON.parse(dry.out) as string[]).filter(name => name !== 'backup')
  t.deepEqual(listed, ['_replicator', '_users', 'orders', 'parts', 'with/slash'])
  const file = join(dir.path, 'report.json')
  const { code, out, err } = await runCli([
    'migrate',
    from,
    '--url',
    to,
    '--report',
    file,
    '--exclude',
    'backup',
  ])
  t.is(code, 0, out + err)
  t.regex(out, /^DATABASE +DOCUMENTS +THERE +WRITTEN +REFUSED +MISSING +INDEXES +TOOK +RESULT\n/)
  t.regex(out, /\norders +804 +804 +806 +0 +0 +2 .* equal\n/)
  t.regex(out, /Replication jobs at the target now: 1\. Stop them at the source/)
  t.notRegex(out + err, /pass@|secret/)
  const report = JSON.parse(await readFile(file, 'utf8')) as Report
  t.true(report.ok)
  t.deepEqual(
    report.databases.find(({ name }) => name === 'orders')?.indexes.map(({ error }) => error),
    [null, null],
  )
  for (const path of [
    '/orders/_security',
    '/orders/_revs_limit',
    '/orders/exact?conflicts=true',
    '/orders/order-0?conflicts=true',
  ])
    t.deepEqual((await call(to, 'GET', path)).body, (await call(from, 'GET', path)).body, path)
  t.is((await call<string>(to, 'GET', '/orders/file/a.txt')).body, 'hello')
  t.like((await call(to, 'GET', '/parts')).body, { doc_count: 1, props: { partitioned: true } })
  t.is((await call(open.replace('//', '//joe:secret@'), 'GET', '/orders/order-1')).status, 200)
  t.is((await call(to, 'GET', '/_replicator/live')).status, 200)
  const again = await runCli(['migrate', from, '--url', to, '--json', '--exclude', 'backup'])
  t.deepEqual(
    (JSON.parse(again.out) as Report).databases.map(({ written }) => written),
    [0, 0, 0, 0, 0],
  )
})

test('a source that dies half-way is told, and the same command goes on', async t => {
  const { from, to } = await twoServers(t)
  await fill(from, from)
  const proxy = await startProxy(from)
  t.teardown(() => proxy.close())
  let fetched = 0
  proxy.script = ({ path }) =>
    /\/orders\/_bulk_get/.test(path) && ++fetched > 1 ? { kind: 'cut answer', after: 0 } : undefined
  const args = ['migrate', proxy.url, '--url', to, '--databases', 'orders,parts', '--retries', '0']
  const cut = await runCli(args)
  t.is(cut.code, 3)
  t.regex(
    cut.err,
    /The migration is not complete\. The same command goes on with it\.\ncouchette: connection_closed: /,
  )
  proxy.script = honest
  const rest = await runCli([...args, '--json'])
  t.is(rest.code, 0)
  const orders = (JSON.parse(rest.out) as Report).databases.find(({ name }) => name === 'orders')
  t.like(orders, { ok: true, comparison: { leaves: DOCS + 6, missing: 0 } })
})

test('a target that is killed half-way has what was moved when it is started again', async t => {
  const source = await startServer()
  const target = await KillableNode.start()
  t.teardown(async () => {
    await target.close()
    await source.close()
  })
  await fill(source.url, source.url)
  const { url } = target
  const args = ['migrate', source.url, '--url', url, '--databases', 'orders,parts', '--retries', '0']
  const running = runCli(args)
  const isBegun = async () => (await call(url, 'GET', '/orders')).status === 200
  await eventually('the migration is under way', isBegun, { withinMs: 90_000, everyMs: 10 })
  await target.kill()
  const cut = await running
  t.true(cut.code === 3 || cut.code === 0, `${cut.code}: ${cut.err}`)
  await target.start()
  const rest = await runCli([...args, '--json'])
  t.is(rest.code, 0, rest.err)
  const orders = (JSON.parse(rest.out) as Report).databases.find(({ name }) => name === 'orders')
  t.like(orders, { ok: true, comparison: { leaves: DOCS + 6, missing: 0 } })
})

test('what the target refuses and what is not built is listed, and the exit code says so', async t => {
  const { from, to } = await twoServers(t)
  await call(from, 'PUT', '/orders')
  await call(from, 'PUT', '/orders/large', { json: { text: 'x'.repeat(5000) } })
  await call(from, 'PUT', '/orders/_design/text', { json: { indexes: { all: { index: 'function () {}' } } } })
  await call(to, 'PUT', '/_node/_local/_config/couchdb/max_document_size', { raw: '"1000"' })
  const { code, out } = await runCli(['migrate', from, '--url', to])
  t.is(code, 6)
  t.regex(out, /orders: refused large 1-[0-9a-f]{32}: /)
  t.regex(out, /orders: missing large 1-/)
  t.regex(out, /orders: _design\/text: its full-text indexes are not supported/)
  t.regex(out, /1 of \d databases need a look; the same command goes on with them/)
})

test('what cannot be moved is said at once', async t => {
  const { from, to } = await twoServers(t)
  t.regex((await runCli(['migrate', from, '--url', from])).err, /Source and target are the same server\./)
  t.regex((await runCli(['migrate', from, '--url', to, '--databases', 'none'])).err, /has no database none\./)
  t.is((await runCli(['migrate', 'http://127.0.0.1:9', '--url', to])).code, 3)
})

if (process.env.COUCH_URL !== undefined) {
  const couch = process.env.COUCH_URL
  test('a real CouchDB is migrated', async t => {
    const { to } = await twoServers(t)
    const name = `migrate-${process.pid}`
    await call(couch, 'PUT', `/${name}`)
    t.teardown(() => call(couch, 'DELETE', `/${name}`))
    await call(couch, 'PUT', `/${name}/exact`, { raw: '{"n":1.0,"big":12345678901234567890}' })
    await call(couch, 'PUT', `/${name}/_design/by`, {
      json: { views: { a: { map: 'function (d) { emit(1) }' } } },
    })
    const { code, out } = await runCli(['migrate', couch, '--url', to, '--databases', name])
    t.is(code, 0, out)
    for (const path of [`/${name}/exact`, `/${name}/_security`])
      t.deepEqual((await call(to, 'GET', path)).body, (await call(couch, 'GET', path)).body)
  })
}
