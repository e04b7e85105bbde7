import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { request } from 'undici'
import { NestedMultipartParser } from '../../../helpers/nested-multipart.ts'
import { boundaryOf } from '../../../../protocol/multipart/content-type.ts'
import { attachmentFiles } from '../../../helpers/attachment-files.ts'
import { target } from '../../../../harness/client.ts'
import { call } from '../../../helpers/http.ts'
import { startServer } from '../../../helpers/server.ts'
import { tempDir } from '../../../helpers/temp.ts'

interface World {
  /** The URL of a database. */
  readonly url: string
  readonly server: string
  readonly data: string
  /** Closes the server, so that only what is stored is left on disk. */
  readonly close: () => Promise<void>
}

async function open(t: ExecutionContext, settings = ''): Promise<World> {
  const dir = await tempDir()
  await mkdir(dir.path, { recursive: true })
  if (settings !== '') await writeFile(join(dir.path, 'local.ini'), settings)
  const server = await startServer({ data: dir.path })
  await call(server.url, 'PUT', '/db')
  t.teardown(async () => {
    await server.close()
    await dir.remove()
  })
  return {
    url: `${server.url}/db`,
    server: server.url,
    data: dir.path,
    close: () => server.couchette.close(),
  }
}

interface Fetched {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

async function fetchBytes(
  server: string,
  method: 'GET' | 'PUT' | 'HEAD' | 'DELETE',
  path: string,
  headers: Record<string, string> = {},
  body?: Buffer,
): Promise<Fetched> {
  const { origin, headers: credentials } = target(server)
  const answer = await request(origin + path, {
    method,
    headers: { ...credentials, ...headers },
    body: body ?? null,
  })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: Buffer.from(await answer.body.arrayBuffer()),
  }
}

function related(json: unknown, parts: readonly (string | Buffer)[], closing = '--b--'): Buffer {
  const pieces = [Buffer.from(`--b\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(json)}\r\n`)]
  for (const part of parts) pieces.push(Buffer.from('--b\r\n\r\n'), Buffer.from(part), Buffer.from('\r\n'))
  return Buffer.concat([...pieces, Buffer.from(closing)])
}

const RELATED = { 'content-type': 'multipart/related; boundary="b"', accept: 'application/json' }

function putRelated(world: World, id: string, body: Buffer, query = ''): Promise<Fetched> {
  return fetchBytes(world.server, 'PUT', `/db/${id}${query}`, RELATED, body)
}

function follows(length: number | undefined, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    follows: true,
    content_type: 'application/octet-stream',
    ...(length === undefined ? {} : { length }),
    ...more,
  }
}

const LARGE = randomBytes(400_000)

test('several ranges come as parts, ranges that cannot be are refused, and long suffixes are cut', async t => {
  const { server } = await open(t)
  await fetchBytes(server, 'PUT', '/db/d/f', { 'content-type': 'text/x' }, Buffer.from('ignored, compressed'))
  await fetchBytes(server, 'PUT', '/db/e/f', { 'content-type': 'image/x' }, Buffer.from('0123456789'))
  const get = (range: string) => fetchBytes(server, 'GET', '/db/e/f', { range })

  const several = await get('bytes=0-1,-2')
  t.is(several.status, 206)
  const boundary = boundaryOf(String(several.headers['content-type']))!
  t.true(String(several.headers['content-type']).startsWith('multipart/byteranges'))
  const events = new NestedMultipartParser(boundary).push(several.body)
  t.deepEqual(
    events.flatMap(event => (event.kind === 'headers' ? [event.headers.get('content-range')] : [])),
    ['bytes 0-1/10', 'bytes 8-9/10'],
  )
  t.deepEqual(
    events.flatMap(event => (event.kind === 'body' ? [event.bytes.toString()] : [])),
    ['01', '89'],
  )
  for (const range of ['bytes=5-2', 'bytes=10-', 'bytes=20-30', 'bytes=-0']) {
    const refused = await get(range)
    t.is(refused.status, 416, range)
    t.like(JSON.parse(refused.body.toString()), { error: 'requested_range_not_satisfiable' })
  }
  const suffix = await get('bytes=-1000')
  t.is(suffix.headers['content-range'], 'bytes 0-9/10')
  for (const range of ['bytes=x', 'lines=1-2', 'bytes=', `bytes=${'1-2,'.repeat(10)}`]) {
    const whole = await get(range)
    t.is(whole.status, 200, range)
    t.is(whole.body.toString(), '0123456789')
  }
})

test('who refuses an attachment as it is and compressed gets none', async t => {
  const { url } = await open(t)
  await call(url, 'PUT', '/db/doc/a.txt', { raw: 'a'.repeat(100), headers: { 'content-type': 'text/plain' } })
  const get = (encodings: string) =>
    call(url, 'GET', '/db/doc/a.txt', { headers: { 'accept-encoding': encodings } })
  const refused = await get('deflate, *;q=0')
  t.is(refused.status, 406)
  t.deepEqual(refused.body, { error: 'not_acceptable', reason: 'unsupported encoding' })
  t.is((await get('identity;q=0')).status, 406)
  t.is((await get('gzip, *;q=0')).headers['content-encoding'], 'gzip')
  t.is((await get('deflate')).status, 200)
})

test('whatever the name, an attachment is found under it', async t => {
  const { server } = await open(t)
  const name = fc
    .array(fc.constantFrom('a', '/', ' ', '+', '%', '"', '?', '#', 'é', '€', '𝒜', '\u0000', '\r\n', '..'), {
      minLength: 1,
      maxLength: 6,
    })
    .map(pieces => `n${pieces.join('')}`)
    .filter(name => !name.includes('//') && !name.endsWith('/'))
  let count = 0
  const property = fc.asyncProperty(name, async name => {
    const id = `d${count++}`
    const path = `/db/${id}/${encodeURIComponent(name)}`
    const put = await fetchBytes(server, 'PUT', path, { 'content-type': 'x/y' }, Buffer.from(name))
    t.is(put.status, 201)
    t.is((await fetchBytes(server, 'GET', path)).body.toString(), name)
    const { body } = await call<{ _attachments: Record<string, unknown> }>(server, 'GET', `/db/${id}`)
    t.deepEqual(Object.keys(body._attachments), [name])
    const parts = await fetchBytes(server, 'GET', `/db/${id}?attachments=true`, {
      accept: 'multipart/related',
    })
    t.is(parts.body.length, Number(parts.headers['content-length']))
  })
  await fc.assert(property, { numRuns: 60, seed: 5 })
})

test('design documents have attachments', async t => {
  const { server } = await open(t)
  await fetchBytes(
    server,
    'PUT',
    '/db/_design/d/dir/index.html',
    { 'content-type': 'text/html' },
    Buffer.from('<p>'),
  )
  const { body, headers } = await fetchBytes(server, 'GET', '/db/_design/d/dir/index.html')
  t.is(body.toString(), '<p>')
  t.is(headers['content-type'], 'text/html')
})

test('a document with its attachments goes to another database as it is, in one request each way', async t => {
  const { server } = await open(t)
  await call(server, 'PUT', '/other')
  const text = 'compressible '.repeat(5000)
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [
      `small${n}`,
      { content_type: 'x/y', data: Buffer.from(`${n}`).toString('base64') },
    ]),
  )
  const attachments = {
    'large.bin': { content_type: 'x/y', data: LARGE.toString('base64') },
    'text.txt': { content_type: 'text/plain', data: Buffer.from(text).toString('base64') },
    ...many,
  }
  const written = await call<{ rev: string }>(server, 'PUT', '/db/d', { json: { _attachments: attachments } })

  const asked = { accept: 'multipart/related' }
  const read = await fetchBytes(server, 'GET', '/db/d?attachments=true&revs=true', asked)
  const headers = { 'content-type': String(read.headers['content-type']), accept: 'application/json' }
  const copied = await fetchBytes(server, 'PUT', '/other/d?new_edits=false', headers, read.body)
  t.is(copied.status, 201)

  const query = '?att_encoding_info=true&revs=true'
  const [original, copy] = await Promise.all([
    call(server, 'GET', `/db/d${query}`),
    call(server, 'GET', `/other/d${query}`),
  ])
  t.deepEqual(copy.body, original.body)
  t.is(copy.body._rev, written.body.rev)
  t.deepEqual((await fetchBytes(server, 'GET', '/other/d/large.bin')).body, LARGE)
  const encoded = await fetchBytes(server, 'GET', '/other/d/text.txt', { 'accept-encoding': 'gzip' })
  t.is(gunzipSync(encoded.body).toString(), text)
})

test('an attachment takes parts until it has its length, and parts too many are passed over', async t => {
  const world = await open(t)
  const json = { _attachments: { a: follows(5), none: follows(0), b: follows(3) } }
  t.is((await putRelated(world, 'd', related(json, ['AAA', 'AA', 'BBB', 'more']))).status, 201)
  t.is((await fetchBytes(world.server, 'GET', '/db/d/a')).body.toString(), 'AAAAA')
  t.is((await fetchBytes(world.server, 'GET', '/db/d/b')).body.toString(), 'BBB')
})

test('without an announced length the part is the attachment', async t => {
  const world = await open(t)
  const json = { _attachments: { a: follows(undefined), b: follows(undefined) } }
  t.is((await putRelated(world, 'd', related(json, ['one', 'three']))).status, 201)
  t.is((await fetchBytes(world.server, 'GET', '/db/d/a')).body.toString(), 'one')
  t.is((await fetchBytes(world.server, 'GET', '/db/d/b')).body.toString(), 'three')
})

test('multipart documents that are wrong are refused at once, and leave nothing behind', async t => {
  const world = await open(t)
  const one = (length: number) => ({ _attachments: { a: follows(length) } })
  const wrong: [string, Buffer, number, string][] = [
    ['shorter', related(one(500_000), [LARGE]), 400, 'attachment shorter than expected'],
    ['longer', related(one(300_000), [LARGE]), 400, 'attachment longer than expected'],
    [
      'missing',
      related({ _attachments: { a: follows(LARGE.length), b: follows(1) } }, [LARGE]),
      400,
      'attachment shorter than expected',
    ],
    [
      'unclosed',
      related(one(LARGE.length), [LARGE], '--'),
      400,
      'Malformed multipart body: the closing boundary is missing',
    ],
    [
      'cut',
      related(one(LARGE.length), [LARGE]).subarray(0, 200_000),
      400,
      'attachment shorter than expected',
    ],
    ['no boundary', Buffer.from('{}'), 400, 'invalid UTF-8 JSON'],
    [
      'bad headers',
      Buffer.from('--b\r\nno colon\r\n\r\n{}\r\n--b--'),
      400,
      'Malformed multipart body: a part has a malformed header',
    ],
    ['no json', Buffer.from('--b\r\n\r\n{}\r\n--b--'), 415, 'Content-Type must be application/json'],
    [
      'bad json',
      Buffer.from('--b\r\ncontent-type: application/json\r\n\r\n{\r\n--b--'),
      400,
      'invalid UTF-8 JSON',
    ],
    [
      'digest',
      related({ _attachments: { a: follows(LARGE.length, { digest: 'md5-AAAAAAAAAAAAAAAAAAAAAA==' }) } }, [
        LARGE,
      ]),
      400,
      'Possible message corruption.',
    ],
  ]
  for (const [id, body, status, reason] of wrong) {
    const refused = await putRelated(world, encodeURIComponent(id), body)
    t.is(refused.status, status, id)
    t.is((JSON.parse(refused.body.toString()) as { reason: string }).reason, reason, id)
  }
  const { body } = await call(world.server, 'GET', '/db/_all_docs')
  t.deepEqual(body.rows, [])
  await world.close()
  t.deepEqual(await attachmentFiles(world.data), [])
})

test('a multipart document without attachments that follow is answered', async t => {
  const world = await open(t)
  t.is((await putRelated(world, 'd', related({ n: 1 }, []))).status, 201)
})

test('a refused document leaves none of its attachments behind', async t => {
  const world = await open(t)
  const put = (query: string) =>
    fetchBytes(world.server, 'PUT', `/db/d/f${query}`, { 'content-type': 'x/y' }, randomBytes(100_000))
  t.is((await put('')).status, 201)
  t.is((await put('')).status, 409)
  t.is((await put('?rev=1-00000000000000000000000000000000')).status, 409)
  const json = { _attachments: { a: follows(LARGE.length) } }
  t.is((await putRelated(world, 'd', related(json, [LARGE]))).status, 409)
  await world.close()
  t.is((await attachmentFiles(world.data)).length, 1)
})

test('a stub is taken only for what it describes', async t => {
  const { server } = await open(t)
  const data = { content_type: 'x/y', data: 'YWFh' }
  const { body } = await call<{ rev: string }>(server, 'PUT', '/db/d', {
    json: { _attachments: { a: data } },
  })
  const put = (stub: Record<string, unknown>) =>
    call(server, 'PUT', '/db/d', { json: { _rev: body.rev, _attachments: { a: { stub: true, ...stub } } } })
  for (const stub of [{ revpos: 2 }, { digest: 'md5-AAAAAAAAAAAAAAAAAAAAAA==' }]) {
    t.like(await put(stub), {
      status: 412,
      body: { error: 'missing_stub', reason: 'Invalid attachment stub in d for a' },
    })
  }
  t.is((await put({ revpos: 1, digest: 'md5-R7zlx09Yn0hn29V+nKn4CA==' })).status, 201)
})

test('a client that stalls is answered, and one that leaves is forgotten', async t => {
  const world = await open(t, '[couchette]\nbody_timeout = 300\n')
  const { port, username, password } = new URL(world.server)
  const head =
    `PUT /db/stalled/f HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: x/y\r\n` +
    `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}\r\n\r\n`
  const begin = async () => {
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(head)
    socket.write(LARGE)
    return socket
  }
  const stalled = await begin()
  const pieces: Buffer[] = []
  stalled.on('data', (piece: Buffer) => pieces.push(piece))
  await once(stalled, 'close')
  t.regex(Buffer.concat(pieces).toString(), /^HTTP\/1\.1 408 /)

  const leaving = await begin()
  await sleep(100)
  leaving.destroy()
  await sleep(100)
  t.is((await call(world.server, 'GET', '/db/stalled')).status, 404)
  await world.close()
  t.deepEqual(await attachmentFiles(world.data), [])
})

test('after a refused upload the connection takes the next request', async t => {
  const world = await open(t)
  const { port, username, password } = new URL(world.server)
  const authorization = `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const body = related({ _attachments: { a: follows(10) } }, [LARGE])
  const socket = connect(Number(port), '127.0.0.1')
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.write(
    `PUT /db/d HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: ${body.length}\r\n` +
      'Content-Type: multipart/related; boundary="b"\r\n\r\n',
  )
  socket.write(body)
  socket.write(`GET /db/other HTTP/1.1\r\nHost: x\r\n${authorization}\r\nConnection: close\r\n\r\n`)
  await once(socket, 'close')
  const statuses = Buffer.concat(pieces)
    .toString()
    .match(/HTTP\/1\.1 \d+/g)
  t.deepEqual(statuses, ['HTTP/1.1 400', 'HTTP/1.1 404'])
})

test('attachments larger than allowed are refused before they are read, or while they come', async t => {
  const world = await open(t, '[couchdb]\nmax_attachment_size = 1000\n')
  const tooLarge = { status: 413, body: { error: 'attachment_too_large', reason: 'f' } }
  const headers = { 'content-type': 'x/y' }
  t.like(await call(world.server, 'PUT', '/db/d/f', { raw: Buffer.alloc(1001), headers }), tooLarge)
  t.like(
    await call(world.server, 'PUT', '/db/d', {
      json: { _attachments: { f: { data: Buffer.alloc(1001).toString('base64') } } },
    }),
    tooLarge,
  )
  const json = { _attachments: { f: follows(1001) } }
  t.is((await putRelated(world, 'd', related(json, [Buffer.alloc(1001)]))).status, 413)
  t.is((await call(world.server, 'PUT', '/db/d/f', { raw: Buffer.alloc(1000), headers })).status, 201)
})

test('dropping a database removes the attachments that only it had', async t => {
  const world = await open(t)
  await call(world.server, 'PUT', '/other')
  const put = (path: string, bytes: Buffer) =>
    fetchBytes(world.server, 'PUT', path, { 'content-type': 'x/y' }, bytes)
  await put('/db/shared/f', LARGE)
  await put('/other/shared/f', LARGE)
  await put('/db/own/f', randomBytes(100_000))
  await call(world.server, 'DELETE', '/db')
  t.deepEqual((await fetchBytes(world.server, 'GET', '/other/shared/f')).body, LARGE)
  await world.close()
  t.is((await attachmentFiles(world.data)).length, 1)
})
