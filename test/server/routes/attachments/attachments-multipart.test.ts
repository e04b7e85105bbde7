import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { attachmentFiles } from '../../../helpers/attachment-files.ts'
import { eventually } from '../../../helpers/eventually.ts'
import { call } from '../../../helpers/http.ts'
import { open, fetchBytes, related, putRelated, follows, LARGE } from './attachments-world.ts'

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

for (const [when, before] of [
  ['that is there before the answer', Infinity],
  ['whose rest comes after the answer', 20_000],
] as const) {
  test(`after a refused upload ${when} the connection takes the next request`, async t => {
    const world = await open(t)
    const { port, username, password } = new URL(world.server)
    const authorization = `Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const body = related({ _attachments: { a: follows(10) } }, [LARGE])
    const socket = connect(Number(port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    let answers = ''
    socket.on('data', (piece: Buffer) => (answers += piece.toString()))
    socket.write(
      `PUT /db/d HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: ${body.length}\r\n` +
        'Content-Type: multipart/related; boundary="b"\r\n\r\n',
    )
    socket.write(body.subarray(0, before))
    if (before < body.length) {
      await eventually('the answer', () => answers.includes('attachment longer than expected'))
      socket.write(body.subarray(before))
    }
    socket.write(`GET /db/other HTTP/1.1\r\nHost: x\r\n${authorization}\r\nConnection: close\r\n\r\n`)
    await once(socket, 'close')
    t.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 400', 'HTTP/1.1 404'])
  })
}

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
