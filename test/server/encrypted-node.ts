import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { request } from 'undici'
import { ADMIN } from '../../harness/child-server.ts'
import { target } from '../../harness/client.ts'
import { createServer, type Couchette, type CouchetteOptions } from '../../server/main.ts'
import { call } from '../helpers/http.ts'
import { tempDir } from '../helpers/temp.ts'

export const MARKER = 'plain-as-day'

export const [KEY, OTHER_KEY] = ['1a'.repeat(32), '2b'.repeat(32)]

export const LARGE = Buffer.alloc(1_000_003, `${MARKER} in a large attachment, `)

/** Of a compressible type, and large enough for a file when it is compressed. */
export const TEXT = Buffer.from(Array.from({ length: 6000 }, () => `${MARKER} ${Math.random()}\n`).join(''))

interface Node {
  readonly couchette: Couchette
  readonly url: string
}

export const key = (value: string) => ({ env: { COUCHETTE_ENCRYPTION_KEY: value } })

export async function start(data: string, options: Partial<CouchetteOptions>): Promise<Node> {
  const settings = [
    { section: 'chttpd_auth', key: 'iterations', value: '10' },
    // What compiles the functions of the design document may wait long for a processor.
    { section: 'couchdb', key: 'os_process_timeout', value: '60000' },
  ]
  const couchette = await createServer({
    data,
    port: 0,
    admin: ADMIN,
    logLevel: 'silent',
    settings,
    ...options,
  })
  return { couchette, url: couchette.url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`) }
}

/** A data directory, and a way to run a server on it that is closed afterwards. */
export async function withData(
  body: (
    data: string,
    run: (options: Partial<CouchetteOptions>, work: (node: Node) => Promise<void>) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const dir = await tempDir()
  try {
    await body(dir.path, async (options, work) => {
      const node = await start(dir.path, options)
      try {
        await work(node)
      } finally {
        await node.couchette.close()
      }
    })
  } finally {
    await dir.remove()
  }
}

/** The files below a directory that hold some bytes, or a text, also as UTF-16. */
export async function filesWith(directory: string, wanted: string | Buffer): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.filter(each => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    const wide = typeof wanted === 'string' && bytes.includes(Buffer.from(wanted, 'utf16le'))
    if (bytes.includes(wanted) || wide) found.push(path)
  }
  return found
}

export async function bytesOf(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Buffer> {
  const { origin, headers: credentials } = target(url)
  const answer = await request(origin + path, { headers: { ...credentials, ...headers } })
  return Buffer.from(await answer.body.arrayBuffer())
}

/** Documents of every kind, attachments of every size, and rows of indexes, all with the marker. */
export async function fill(t: ExecutionContext, url: string): Promise<void> {
  const put = async (path: string, json: unknown) =>
    t.is((await call(url, 'PUT', path, { json })).status, 201, path)
  const attach = async (path: string, raw: Buffer, type: string) =>
    t.is((await call(url, 'PUT', path, { raw, headers: { 'content-type': type } })).status, 201, path)
  await put('/secrets', undefined)
  await put('/secrets/_design/d', {
    views: {
      rows: { map: `function (doc) { emit(doc.n, '${MARKER}' + doc.n) }`, reduce: '_count' },
      texts: {
        map: 'function (doc) { emit(doc.n, doc.text) }',
        reduce: 'function (keys, values) { return values[0] }',
      },
    },
  })
  const docs = Array.from({ length: 500 }, (_, n) => ({ _id: `d${n}`, n, text: `${MARKER} ${n}` }))
  t.is((await call(url, 'POST', '/secrets/_bulk_docs', { json: { docs } })).status, 201)
  await put('/secrets/_local/checkpoint', { text: MARKER })
  await attach('/secrets/small/a', Buffer.from(`${MARKER} small`), 'application/octet-stream')
  await attach('/secrets/text/a', TEXT, 'text/plain')
  await attach('/secrets/large/a', LARGE, 'application/octet-stream')
  await call(url, 'POST', '/secrets/_index', { json: { index: { fields: ['n'] }, ddoc: 'm' } })
  const security = { admins: { names: [], roles: [] }, members: { names: [MARKER], roles: [] } }
  t.is((await call(url, 'PUT', '/secrets/_security', { json: security })).status, 200)
}

export async function check(t: ExecutionContext, url: string): Promise<void> {
  const doc = await call(url, 'GET', '/secrets/d499')
  t.is(doc.body.text, `${MARKER} 499`)
  const rows = await call<{ rows: { value: string }[] }>(
    url,
    'GET',
    '/secrets/_design/d/_view/rows?reduce=false&key=7',
  )
  t.is(rows.body.rows[0]?.value, `${MARKER}7`)
  const counted = await call<{ rows: { value: number }[] }>(url, 'GET', '/secrets/_design/d/_view/rows')
  t.true((counted.body.rows[0]?.value ?? 0) >= 500)
  t.is((await call(url, 'GET', '/secrets/_design/d/_view/texts')).status, 200)
  const found = await call<{ docs: { _id: string }[] }>(url, 'POST', '/secrets/_find', {
    json: { selector: { n: 5 } },
  })
  t.deepEqual(
    found.body.docs.map(({ _id }) => _id),
    ['d5'],
  )
  t.is((await call(url, 'GET', '/secrets/_local/checkpoint')).body.text, MARKER)
  t.deepEqual(await bytesOf(url, '/secrets/small/a'), Buffer.from(`${MARKER} small`))
  t.true((await bytesOf(url, '/secrets/text/a')).equals(TEXT))
  t.true((await bytesOf(url, '/secrets/large/a')).equals(LARGE))
}
