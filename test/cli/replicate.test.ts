import { once } from 'node:events'
import { createServer as createTcp, type AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { KillableNode } from '../helpers/faults/killable.ts'
import { call } from '../helpers/http.ts'
import { honest, startProxy } from '../helpers/faulty-proxy.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'
import { tempDir } from '../helpers/temp.ts'
import { runCli } from './run-cli.ts'

const DOCS = 1500

const WAIT = { withinMs: 90_000 }

/** A server with a database "orders" of many documents, one with an attachment and one in conflict. */
async function withOrders(t: ExecutionContext): Promise<RunningServer> {
  const server = await startServer()
  t.teardown(() => server.close())
  await call(server.url, 'PUT', '/orders')
  const docs = Array.from({ length: DOCS }, (_, at) => ({
    _id: `order-${at}`,
    type: at % 2 ? 'a' : 'b',
    exact: 1,
  }))
  await call(server.url, 'POST', '/orders/_bulk_docs', { json: { docs } })
  await call(server.url, 'PUT', '/orders/with-file', {
    json: { _attachments: { 'a.txt': { content_type: 'text/plain', data: 'aGVsbG8=' } } },
  })
  await call(server.url, 'POST', '/orders/_bulk_docs', {
    json: {
      new_edits: false,
      docs: [{ _id: 'order-0', _rev: '1-conflict', other: 12345678901234567890n.toString() }],
    },
  })
  return server
}

async function countOf(url: string, name: string): Promise<number> {
  return (await call<{ doc_count: number }>(url, 'GET', `/${name}`)).body.doc_count
}

test('replicate copies documents, attachments and conflicts, and says how many', async t => {
  const { url } = await withOrders(t)
  const env = { COUCHETTE_URL: url }
  const first = await runCli(['replicate', 'orders', 'copy', '--create-target'], { env })
  t.is(first.code, 0)
  t.regex(first.out, /^1,502 documents \([\d.]+ kB\) in .* to http:\/\/127\.0\.0\.1:\d+\/copy\n$/)
  t.notRegex(first.out + first.err, /pass/)
  t.is(await countOf(url, 'copy'), DOCS + 1)
  t.is((await call<string>(url, 'GET', '/copy/with-file/a.txt')).body, 'hello')
  const { body } = await call<{ _conflicts: string[] }>(url, 'GET', '/copy/order-0?conflicts=true')
  t.is(body._conflicts.length, 1)
  const again = await runCli(['replicate', `${url}/orders`, 'copy', '--json'], { env })
  t.like(JSON.parse(again.out), { ok: true, docs_written: 0, doc_write_failures: 0 })
})

test('replicate takes a selector, ids, files of them, and a profile for a URL without credentials', async t => {
  const { url, couchette } = await withOrders(t)
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const profiles = join(dir.path, 'profiles.json')
  const profile = { url: couchette.url, username: 'admin', password: 'pass' }
  await writeFile(profiles, JSON.stringify({ profiles: { here: profile } }), { mode: 0o600 })
  const env = { COUCHETTE_PROFILES: profiles }
  const some = ['replicate', `${couchette.url}/orders`, '@here/some', '--create-target']
  t.is((await runCli([...some, '--selector', '{"type":"a"}'], { env })).code, 0)
  t.is(await countOf(url, 'some'), DOCS / 2)
  const ids = join(dir.path, 'ids')
  await writeFile(ids, 'order-0\nwith-file\nnone\n')
  const few = ['replicate', '@here/orders', '@here/few', '--create-target', '--doc-ids', `@${ids}`]
  t.is((await runCli(few, { env })).code, 0)
  t.is(await countOf(url, 'few'), 2)
  t.is((await runCli([...some, '--selector', '[1]'], { env })).code, 2)
  t.regex(
    (await runCli([...some, '--doc-ids', '@/nowhere'], { env })).err,
    /\/nowhere cannot be read: ENOENT/,
  )
})

test('replicate takes a filter function with parameters, and another function is another replication', async t => {
  const { url } = await withOrders(t)
  const filters = { of: 'function (doc, req) { return doc.type === req.query.type }' }
  const design = { filters }
  const { body } = await call<{ rev: string }>(url, 'PUT', '/orders/_design/by', { json: design })
  const args = ['replicate', `${url}/orders`, `${url}/some`, '--create-target', '--filter', 'by/of', '--json']
  const first = await runCli([...args, '--filter-param', 'type=a', 'unused=x=y'])
  t.like(JSON.parse(first.out), { ok: true, docs_written: DOCS / 2 }, first.err)
  t.like(JSON.parse((await runCli([...args, '--filter-param', 'type=b'])).out), { docs_written: DOCS / 2 })
  filters.of = 'function () { return true }'
  await call(url, 'PUT', '/orders/_design/by', { json: { ...design, _rev: body.rev } })
  const all = JSON.parse((await runCli([...args, '--filter-param', 'type=a'])).out) as {
    docs_written: number
  }
  // The conflict, the document with a file, the design document.
  t.is(all.docs_written, 3)
  const none = await runCli(['replicate', `${url}/orders`, `${url}/some`, '--filter', 'by/none'])
  t.regex(none.err, /filter_fetch_error: Couldn't parse filter code from document by/)
  t.is((await runCli([...args, '--filter-param', 'type'])).code, 2)
  t.is((await runCli([...args, '--selector', '{}'])).code, 2)
})

test('a source that dies half-way is told in a sentence, and the same command goes on where it stood', async t => {
  const { url } = await withOrders(t)
  const proxy = await startProxy(url)
  t.teardown(() => proxy.close())
  const target = `${url}/copy`
  let fetched = 0
  proxy.script = ({ path }) => {
    if (/_bulk_get/.test(path)) fetched++
    return fetched > 2 ? { kind: 'cut answer', after: 0 } : undefined
  }
  const args = ['replicate', `${proxy.url}/orders`, target, '--create-target', '--retries', '0']
  const flags = ['--batch-size', '100', '--workers', '1']
  const cut = await runCli([...args, ...flags])
  t.is(cut.code, 3)
  t.regex(cut.err, /^couchette: connection_closed: the connection was cut during a request to [^@]*\n$/m)
  t.notRegex(cut.err, /\bat .*\.ts:\d+/)
  const partly = await countOf(url, 'copy')
  t.true(partly < DOCS + 1)
  proxy.script = honest
  const rest = await runCli([...args, '--json'])
  t.is(rest.code, 0)
  t.is(await countOf(url, 'copy'), DOCS + 1)
  const { docs_written: written } = JSON.parse(rest.out) as { docs_written: number }
  // One document has two revisions.
  t.true(written + partly <= DOCS + 2)
})

test('a continuous replication follows what changes, and ends with Ctrl-C', async t => {
  const { url } = await withOrders(t)
  const stop = new AbortController()
  const copied = async (id: string): Promise<void> => {
    await eventually(
      `${id} is copied`,
      async () => (await call(url, 'GET', `/copy/${id}`)).status === 200,
      WAIT,
    )
  }
  const args = ['replicate', `${url}/orders`, `${url}/copy`, '--create-target', '--continuous']
  const running = runCli([...args, '--retries', '0'], { signal: stop.signal })
  // What is written first may be any part of the database.
  const countOf = async (name: string) => (await call(url, 'GET', `/${name}`)).body.doc_count
  await eventually('all is copied', async () => (await countOf('copy')) === (await countOf('orders')), WAIT)
  await call(url, 'PUT', '/orders/late', { json: {} })
  await copied('late')
  stop.abort(new Error('interrupted'))
  const { code, out } = await running
  t.is(code, 0)
  t.regex(out, /^1,50\d documents/)
})

test('a continuous replication outlives a source that is killed and started again', async t => {
  const target = await startServer()
  const stop = new AbortController()
  const source = await KillableNode.start()
  t.teardown(async () => {
    await source.close()
    await target.close()
  })
  const { url } = source
  await call(url, 'PUT', '/orders')
  await call(url, 'PUT', '/orders/before', { json: {} })
  const copied = async (id: string): Promise<void> => {
    const isThere = async () => (await call(target.url, 'GET', `/copy/${id}`)).status === 200
    await eventually(`${id} is copied`, isThere, WAIT)
  }
  let waits = false
  const running = runCli(
    ['replicate', `${url}/orders`, `${target.url}/copy`, '--create-target', '--continuous', '--retries', '0'],
    {
      signal: stop.signal,
      onError: err => {
        waits ||= /; tries again in /.test(err)
      },
    },
  )
  await copied('before')
  await source.kill()
  await eventually('the source is missed', () => waits, WAIT)
  await source.start()
  await call(url, 'PUT', '/orders/after', { json: {} })
  await copied('after')
  stop.abort(new Error('interrupted'))
  t.is((await running).code, 0)
})

test('a server runs a job for the command, which waits for its end', async t => {
  const { url } = await withOrders(t)
  const made = await runCli(['replicate', 'orders', 'copy', '--create-target', '--on', url])
  t.is(made.code, 0, made.err)
  t.regex(made.out, /^The job orders-to-copy-[0-9a-f]{8} is completed: 1,502 documents written\.\n$/)
  const again = await runCli(['replicate', 'orders', 'copy', '--create-target', '--on', url, '--json'])
  t.like(JSON.parse(again.out), { ok: true, state: 'completed' })
  const followed = await runCli(['replicate', 'orders', 'copy', '--on', url, '--continuous', '--id', 'mine'])
  t.regex(followed.out, /^The job mine of http:\/\/127\.0\.0\.1:\d+ follows the source\./)
})

test('what cannot be is said in sentences with exit codes', async t => {
  const { url, couchette } = await withOrders(t)
  const closed = createTcp().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  const refused = await runCli(['replicate', `http://127.0.0.1:${port}/a`, `${url}/copy`])
  t.deepEqual(refused, {
    code: 3,
    out: '',
    err: `couchette: Nothing listens at 127.0.0.1:${port}: is the server running, and is the port right?\n`,
  })
  const missing = await runCli(['replicate', `${url}/none`, `${url}/copy`, '--json'])
  t.is(missing.code, 5)
  t.is(missing.err, `couchette: db_not_found: could not open ${couchette.url}/none/\n`)
  const anonymous = await runCli(['replicate', `${couchette.url}/orders`, `${url}/copy`])
  t.is(anonymous.code, 4)
  const wrong = await runCli([
    'replicate',
    `${couchette.url.replace('//', '//admin:no@')}/orders`,
    `${url}/copy`,
  ])
  t.is(wrong.code, 4)
  t.regex(wrong.err, /wants a name and password/)
  t.notRegex(wrong.err, /admin:no/)
  const named = [
    'replicate',
    `${couchette.url.replace('//', '//admin@')}/orders`,
    `${url}/copy2`,
    '--create-target',
  ]
  t.is((await runCli(named, { env: { COUCHETTE_PASSWORD: 'pass' } })).code, 0)
  const plain = await runCli(['replicate', `${couchette.url.replace('http:', 'https:')}/orders`, 'copy'])
  t.is(plain.code, 3)
  t.regex(plain.err, /does not speak TLS on that port: try http\.\n$/)
  t.is((await runCli(['replicate', 'orders'])).err, 'couchette: The argument target is missing.\n')
  t.is((await runCli(['replicate', 'a', 'b', '--url', 'ftp://x'])).code, 2)
})

if (process.env.COUCH_URL !== undefined) {
  const couch = process.env.COUCH_URL
  test('replicate copies to a real CouchDB and back', async t => {
    const { url } = await withOrders(t)
    const name = `replicate-${process.pid}`
    t.teardown(() => call(couch, 'DELETE', `/${name}`))
    const there = await runCli([
      'replicate',
      `${url}/orders`,
      `${couch}/${name}`,
      '--create-target',
      '--json',
    ])
    t.like(JSON.parse(there.out), { ok: true, docs_written: DOCS + 2 }, there.err)
    const back = await runCli(['replicate', `${couch}/${name}`, `${url}/back`, '--create-target', '--json'])
    t.like(JSON.parse(back.out), { ok: true, docs_written: DOCS + 2 }, back.err)
    for (const path of ['order-0?conflicts=true', 'with-file?attachments=true'])
      t.deepEqual(
        (await call(url, 'GET', `/back/${path}`)).body,
        (await call(url, 'GET', `/orders/${path}`)).body,
      )
  })
}
