import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Level } from 'level'
import { request } from 'undici'
import { ADMIN } from '../../harness/child-server.ts'
import { target } from '../../harness/client.ts'
import { createServer, type Couchette, type CouchetteOptions } from '../../server/main.ts'
import { databaseNameKey, DatabaseKeys, metaKey, KeySpace } from '../../server/storage/keys.ts'
import { StoreUnavailableError } from '../../server/storage/store.ts'
import { attachmentFiles } from '../helpers/attachment-files.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { tempDir } from '../helpers/temp.ts'

const MARKER = 'plain-as-day'
const [KEY, OTHER_KEY] = ['1a'.repeat(32), '2b'.repeat(32)]
const LARGE = Buffer.alloc(1_000_003, `${MARKER} in a large attachment, `)
/** Of a compressible type, and large enough for a file when it is compressed. */
const TEXT = Buffer.from(Array.from({ length: 6000 }, () => `${MARKER} ${Math.random()}\n`).join(''))

interface Node {
  readonly couchette: Couchette
  readonly url: string
}

const key = (value: string) => ({ env: { COUCHETTE_ENCRYPTION_KEY: value } })

async function start(data: string, options: Partial<CouchetteOptions>): Promise<Node> {
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
async function withData(
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
async function filesWith(directory: string, wanted: string | Buffer): Promise<string[]> {
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

async function bytesOf(url: string, path: string, headers: Record<string, string> = {}): Promise<Buffer> {
  const { origin, headers: credentials } = target(url)
  const answer = await request(origin + path, { headers: { ...credentials, ...headers } })
  return Buffer.from(await answer.body.arrayBuffer())
}

/** Documents of every kind, attachments of every size, and rows of indexes, all with the marker. */
async function fill(t: ExecutionContext, url: string): Promise<void> {
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

async function check(t: ExecutionContext, url: string): Promise<void> {
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

test('with a key, nothing on disk holds what documents, attachments and indexes hold', t =>
  withData(async (data, run) => {
    await run(key(KEY), async ({ couchette, url }) => {
      await fill(t, url)
      await check(t, url)
      const upload = connect(couchette.port, '127.0.0.1')
      const credentials = Buffer.from(`${ADMIN.name}:${ADMIN.password}`).toString('base64')
      upload.write(
        `PUT /secrets/halfway/a HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${credentials}\r\n` +
          `Content-Type: application/octet-stream\r\nContent-Length: ${2 * LARGE.length}\r\n\r\n`,
      )
      upload.write(LARGE)
      const written = async () =>
        (await Promise.all((await attachmentFiles(data)).map(file => stat(file)))).reduce(
          (sum, { size }) => sum + size,
          0,
        )
      await eventually('the upload is on disk in part', async () => (await written()) > 1.3 * LARGE.length)
      t.deepEqual(await filesWith(data, MARKER), [])
      upload.destroy()
    })
    t.deepEqual(await filesWith(data, MARKER), [])
    await run(key(KEY), ({ url }) => check(t, url))
    t.deepEqual(await filesWith(data, MARKER), [])
  }))

test('the same search finds the text where there is no key', t =>
  withData(async (data, run) => {
    await run({}, async ({ url }) => {
      await fill(t, url)
      await check(t, url)
    })
    t.true((await filesWith(data, MARKER)).length >= 2)
  }))

test('ranges of an encrypted attachment are cut where they should be', t =>
  withData(async (_, run) =>
    run(key(KEY), async ({ url }) => {
      await fill(t, url)
      const edges = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 500_000, LARGE.length - 1]
      for (const from of edges) {
        for (const to of edges.filter(each => each >= from)) {
          const range = { range: `bytes=${from}-${to}` }
          const bytes = await bytesOf(url, '/secrets/large/a', range)
          t.true(bytes.equals(LARGE.subarray(from, to + 1)), range.range)
        }
      }
    }),
  ))

test('content that is there is not stored again, and is compared by what it is', t =>
  withData(async (data, run) =>
    run(key(KEY), async ({ url }) => {
      await fill(t, url)
      const before = (await attachmentFiles(data)).length
      for (const [raw, type] of [
        [LARGE, 'application/octet-stream'],
        [TEXT, 'text/plain'],
      ] as const) {
        const headers = { 'content-type': type }
        t.is((await call(url, 'PUT', `/secrets/again-${raw.length}/a`, { raw, headers })).status, 201)
        t.true((await bytesOf(url, `/secrets/again-${raw.length}/a`)).equals(raw))
      }
      t.true((await attachmentFiles(data)).length <= before + 8, 'only files made ahead are new')
    }),
  ))

test('a store that is encrypted is refused without its key, and a plain one with a key', t =>
  withData(async (data, run) => {
    const refusal = async (options: Partial<CouchetteOptions>) =>
      (await t.throwsAsync(start(data, options), { instanceOf: StoreUnavailableError }))?.message ?? ''
    await run(key(KEY), async ({ url }) => void (await call(url, 'PUT', '/db')))
    t.regex(await refusal({}), /is encrypted: give its key with --encryption-key-file/)
    t.regex(await refusal(key(OTHER_KEY)), /encrypted under another key than the one that was given/)
    t.regex(await refusal(key('too short')), /is no key: 32 random bytes are wanted/)
    t.regex(await refusal({ encryption: { keyFile: join(data, 'none') } }), /cannot be read/)
    const both = { ...key(KEY), encryption: { keyFile: join(data, 'none') } }
    t.regex(await refusal(both), /given twice/)
    t.regex(
      await refusal({ env: { COUCHETTE_PREVIOUS_ENCRYPTION_KEY: KEY } }),
      /without the one to use from now on/,
    )
    await run(key(KEY), async ({ url }) => void t.is((await call(url, 'GET', '/db')).status, 200))
  }))

test('a plain store stays plain: a key does not make it look encrypted', t =>
  withData(async (data, run) => {
    await run({}, async ({ url }) => void (await call(url, 'PUT', '/db')))
    const error = await t.throwsAsync(start(data, key(KEY)), { instanceOf: StoreUnavailableError })
    t.regex(error?.message ?? '', /is not encrypted, and a key does not make it so/)
    await run({}, async ({ url }) => void t.is((await call(url, 'GET', '/db')).status, 200))
  }))

test('the master key is replaced without touching the data, and the old one opens nothing any more', t =>
  withData(async (data, run) => {
    await run(key(KEY), ({ url }) => fill(t, url))
    const keyFile = join(data, 'master.key')
    await writeFile(keyFile, `${Buffer.from(OTHER_KEY, 'hex').toString('base64')}\n`, { mode: 0o600 })
    const envelope = Buffer.from((await changeStore(data, store => store.get(metaKey('encryption')))) ?? [])
    t.not((await filesWith(data, envelope)).length, 0)
    const before = await contentFiles(data)
    const rotate = { encryption: { keyFile }, env: { COUCHETTE_PREVIOUS_ENCRYPTION_KEY: KEY } }
    await run(rotate, ({ url }) => check(t, url))
    t.deepEqual(await contentFiles(data), before)
    t.deepEqual(await filesWith(data, envelope), [], 'what the old key opens is gone')
    await run({ encryption: { keyFile } }, ({ url }) => check(t, url))
    await run(rotate, ({ url }) => check(t, url))
    await t.throwsAsync(start(data, key(KEY)), { instanceOf: StoreUnavailableError })
  }))

test('what was changed on disk is answered with an error, and all else as ever', t =>
  withData(async (data, run) => {
    await run(key(KEY), ({ url }) => fill(t, url))
    await changeStore(data, async store => {
      const record = Buffer.from((await store.get(databaseNameKey('secrets'))) ?? []).toString()
      // Behind the text stands its checksum.
      const text = record.slice(0, record.lastIndexOf('}') + 1)
      const keys = new DatabaseKeys((JSON.parse(text) as { number: number }).number)
      const [one, other] = [keys.number(KeySpace.body, 10), keys.number(KeySpace.body, 11)]
      const [first, second] = await store.getMany([one, other])
      if (first === undefined || second === undefined) throw new Error('there are no such bodies')
      // Each as it was written, in the other's place.
      await store.batch().put(one, second).put(other, first).write()
    })
    for (const file of await attachmentFiles(data)) await flipByte(file, 200_000)
    await run(key(KEY), async ({ url }) => {
      const path = '/secrets/_all_docs?startkey="d"&limit=20'
      const { rows } = (await call<{ rows: { id: string }[] }>(url, 'GET', path)).body
      const answers = await Promise.all(
        rows.map(async ({ id }) => (await call(url, 'GET', `/secrets/${id}`)).status),
      )
      t.deepEqual(
        answers.filter(status => status !== 200),
        [500, 500],
      )
      await t.throwsAsync(bytesOf(url, '/secrets/large/a'))
      const intact = await bytesOf(url, '/secrets/large/a', { range: 'bytes=0-1000' })
      t.true(intact.equals(LARGE.subarray(0, 1001)))
      t.deepEqual(await bytesOf(url, '/secrets/small/a'), Buffer.from(`${MARKER} small`))
    })
  }))

/** Reads and changes a store as somebody with the disk in hand would. */
async function changeStore<Result>(
  data: string,
  change: (store: Level<Uint8Array, Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const
  const store = new Level<Uint8Array, Uint8Array>(join(data, 'store'), encodings)
  try {
    return await change(store)
  } finally {
    await store.close()
  }
}

async function flipByte(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, at)
    if (bytesRead === 1) await handle.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, at)
  } finally {
    await handle.close()
  }
}

/** Attachments on disk, with when they were written. */
async function contentFiles(data: string): Promise<readonly [string, number][]> {
  const files = (await attachmentFiles(data)).sort()
  return Promise.all(files.map(async file => [file, (await stat(file)).mtimeMs] as [string, number]))
}
