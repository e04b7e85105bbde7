import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { openBrowser } from './browser.ts'

const run = promisify(execFile)

/** CouchDB's own interface as it is published; its package has a thousand dependencies, its build needs none. */
const FAUXTON = 'fauxton@1.2.6'
const SHA256 = '2510677d0ae0b190e74028f29634d58312492e626bc021b57f23f642bb0ac4a1'

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** Serves Fauxton's files at `/_utils` and passes everything else on to a node, as CouchDB has both on one port. */
function serveBeside(directory: string, node: string): Server {
  return createServer((incoming, outgoing) => {
    const path = decodeURIComponent(new URL(incoming.url ?? '/', node).pathname)
    if (path.startsWith('/_utils')) void sendFile(directory, path.slice('/_utils'.length), outgoing)
    else passOn(node, incoming, outgoing)
  })
}

async function sendFile(directory: string, path: string, outgoing: ServerResponse): Promise<void> {
  const name = join(directory, normalize(path === '' || path === '/' ? '/index.html' : path))
  const found = await stat(name).catch(() => undefined)
  if (found?.isFile() !== true) {
    outgoing.writeHead(404).end()
    return
  }
  outgoing.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream')
  createReadStream(name).pipe(outgoing)
}

function passOn(node: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url = '/' } = incoming
  const passed = request(new URL(url, node), { method, headers }, answer => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(outgoing)
  })
  passed.on('error', () => outgoing.destroy())
  incoming.pipe(passed)
}

test('CouchDB’s own Fauxton works against the node', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'couchette-fauxton-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await run('npm', ['pack', FAUXTON, '--silent'], { cwd: directory })
  const archive = join(directory, 'fauxton-1.2.6.tgz')
  t.is(
    createHash('sha256')
      .update(await readFile(archive))
      .digest('hex'),
    SHA256,
  )
  await run('tar', ['xzf', archive, '-C', directory])
  const node = await startServer({ memory: true })
  t.teardown(node.close)
  const { url } = node
  for (const database of ['_users', '_replicator', 'orders']) await call(url, 'PUT', `/${database}`)
  const docs = Array.from({ length: 30 }, (_, index) => ({ _id: `order-${index}`, total: index }))
  await call(url, 'POST', '/orders/_bulk_docs', { json: { docs } })
  const site = serveBeside(join(directory, 'package/dist/release'), node.couchette.url)
  await new Promise<void>(resolve => site.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    site.closeAllConnections()
    site.close()
  })
  const { port } = site.address() as { port: number }
  const { page } = await openBrowser(t)
  await page.goto(`http://127.0.0.1:${port}/_utils/`)
  await page.locator('#username').fill('admin')
  await page.locator('#password').fill('pass')
  await page.locator('#login input[type=submit], #login button[type=submit]').first().click()
  await page.getByRole('link', { name: 'orders', exact: true }).click()
  await page.getByText('order-0', { exact: false }).first().waitFor()
  await page.goto(`http://127.0.0.1:${port}/_utils/#/database/orders/order-7`)
  await page.getByText('"order-7"').first().waitFor()
  await page.goto(`http://127.0.0.1:${port}/_utils/#/replication`)
  await page
    .getByText('No Replications', { exact: false })
    .or(page.getByText('Replicator DB Activity'))
    .first()
    .waitFor()
  const { body } = await call<{ all_nodes: string[] }>(url, 'GET', '/_membership')
  await page.goto(`http://127.0.0.1:${port}/_utils/#/_config/${body.all_nodes[0] ?? ''}`)
  await page.getByText('bind_address').first().waitFor()
  t.is((await call(url, 'GET', '/orders')).status, 200)
})
