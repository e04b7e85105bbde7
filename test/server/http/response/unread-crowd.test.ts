import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { eventually } from '../../../helpers/eventually.ts'
import { ADMIN, securedServer } from '../../../helpers/secured-server.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const MEBIBYTE = 1024 * 1024
const READERS = 200
const BOUND = 16 * MEBIBYTE

const KINDS = [
  '/db/_changes?include_docs=true',
  '/db/_changes?include_docs=true&feed=continuous&since=0',
  '/db/_all_docs?include_docs=true',
  '/db/large/file',
  '/db/large?attachments=true',
]

/** Asks for an answer, and reads its first bytes alone. */
class Reader {
  status = ''
  readonly socket: Socket

  constructor(url: string, path: string) {
    const { hostname, port } = new URL(url)
    this.socket = connect(Number(port), hostname)
    const login = Buffer.from(ADMIN).toString('base64')
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\nAuthorization: Basic ${login}\r\n\r\n`)
    this.socket.on('error', () => undefined)
    this.socket.once('data', (bytes: Buffer) => {
      this.status = bytes.toString('latin1', 9, 12)
      this.socket.pause()
    })
  }
}

function memoryHeld(): number {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

test.serial('200 clients that read nothing hold what is allowed, and one more is refused', async t => {
  const { admin, server } = await securedServer(
    t,
    `couchette/max_unread_answers=${BOUND}`,
    'couchette/unread_answer_timeout=600000',
    // More connections than pieces that may wait for room.
    'couchette/max_running_reads=4',
  )
  await admin('PUT', '/db')
  const text = 'x'.repeat(40_000)
  for (let part = 0; part < 6; part++) {
    const docs = Array.from({ length: 50 }, (_, n) => ({ _id: `${part}-${n}`, text }))
    await admin('POST', '/db/_bulk_docs', { json: { docs } })
  }
  const data = Buffer.alloc(12 * MEBIBYTE, 'attachment').toString('base64')
  const _attachments = { file: { content_type: 'image/png', data } }
  t.is((await admin('PUT', '/db/large', { json: { _attachments } })).status, 201)
  t.is((await admin('GET', '/db/_changes?limit=1')).status, 200)

  const before = memoryHeld()
  const readers = Array.from({ length: READERS }, (_, n) => new Reader(server.url, KINDS[n % KINDS.length]!))
  t.teardown(() => readers.forEach(({ socket }) => socket.destroy()))
  await eventually('all were answered or refused', () => readers.every(({ status }) => status !== ''))
  const statuses = new Set(readers.map(({ status }) => status))
  t.true(
    [...statuses].every(status => status === '200' || status === '503'),
    [...statuses].join(),
  )
  for (const path of KINDS) {
    await eventually(`${path} is refused`, async () => {
      const answer = new Reader(server.url, path)
      await eventually('an answer has begun', () => answer.status !== '')
      answer.socket.destroy()
      return answer.status === '503'
    })
  }
  t.is((await admin('GET', '/_up')).status, 200)
  t.is((await admin('GET', '/db/_changes?limit=1')).status, 200)
  // What is allowed, and the sockets, requests and tests' own ends of 200 connections.
  await eventually('little is held', () => memoryHeld() - before < BOUND + 32 * MEBIBYTE)

  for (const { socket } of readers) socket.destroy()
  for (const path of KINDS) {
    await eventually(`${path} is answered again`, async () => {
      const answer = new Reader(server.url, path)
      await eventually('an answer has begun', () => answer.status !== '')
      answer.socket.destroy()
      return answer.status === '200'
    })
  }
})

test.serial('whoever takes nothing for long makes room for others', async t => {
  const { admin, server } = await securedServer(
    t,
    'couchette/max_unread_answers=300000',
    'couchette/unread_answer_timeout=0',
  )
  await admin('PUT', '/db')
  const text = 'x'.repeat(100_000)
  for (let part = 0; part < 3; part++) {
    const docs = Array.from({ length: 50 }, (_, n) => ({ _id: `${part}-${n}`, text }))
    await admin('POST', '/db/_bulk_docs', { json: { docs } })
  }
  const reader = new Reader(server.url, KINDS[0]!)
  t.teardown(() => reader.socket.destroy())
  let [isClosed, end] = [false, '']
  reader.socket.once('close', () => (isClosed = true))
  reader.socket.on('data', (bytes: Buffer) => (end = (end + bytes.toString('latin1')).slice(-7)))
  await eventually('the answer has begun', () => reader.status === '200')
  const ask = () => admin('GET', '/db/_changes?include_docs=true')
  await eventually('another is answered', async () => (await ask()).status === 200)
  reader.socket.resume()
  await eventually('the first one has ended', () => isClosed)
  t.not(end, '\r\n0\r\n\r\n', 'it was cut off, not ended')
})
