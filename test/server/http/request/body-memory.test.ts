import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { eventually } from '../../../helpers/eventually.ts'
import { ADMIN, securedServer } from '../../../helpers/secured-server.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const MEBIBYTE = 1024 * 1024
const JSON_TYPE = { 'content-type': 'application/json' }

/** A request of which only a beginning is sent. */
function begin(url: string, head: string, body: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  const login = `Authorization: Basic ${Buffer.from(ADMIN).toString('base64')}`
  socket.write(`${head} HTTP/1.1\r\nHost: here\r\n${login}\r\nContent-Length: 100000000\r\n`)
  socket.write(body)
  return socket
}

test('one body takes no more than its share, however small it was sent', async t => {
  const { admin } = await securedServer(t, `couchette/max_body_memory_per_request=${2 * MEBIBYTE}`)
  await admin('PUT', '/db')
  const json = `{"docs":[{"text":"${'x'.repeat(5 * MEBIBYTE)}"}]}`
  for (const [method, path] of [
    ['POST', '/db/_bulk_docs'],
    ['PUT', '/db/doc'],
    ['POST', '/db'],
    ['POST', '/db/_revs_diff'],
    ['POST', '/db/_all_docs'],
    ['POST', '/db/_bulk_get'],
    ['POST', '/db/_changes?filter=_doc_ids'],
    ['PUT', '/db/_local/doc'],
  ] as const) {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    const refused = await admin(method, path, { raw: gzipSync(json), headers })
    t.is(refused.status, 413, `${method} ${path}`)
    t.is(refused.body.error, 'too_large')
  }
  // Attachments of a multipart body are not held.
  const doc = '{"_attachments":{"a":{"follows":true,"length":5242880,"content_type":"image/png"}}}'
  const raw = Buffer.concat([
    Buffer.from(`--b\r\ncontent-type: application/json\r\n\r\n${doc}\r\n--b\r\n\r\n`),
    Buffer.alloc(5 * MEBIBYTE),
    Buffer.from('\r\n--b--'),
  ])
  const headers = { 'content-type': 'multipart/related; boundary=b' }
  t.is((await admin('PUT', '/db/multipart', { raw, headers })).status, 201)
})

test('documents of multipart bodies and forms that are not complete count as bodies that are held', async t => {
  const { admin, server } = await securedServer(t, `couchette/max_body_memory=${6 * MEBIBYTE}`)
  await admin('PUT', '/db')
  const part = 'x'.repeat(5 * MEBIBYTE)
  const other = `{"text":"${'y'.repeat(3 * MEBIBYTE)}"}`
  const begun = [
    [
      'PUT /db/a',
      `Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\ncontent-type: application/json\r\n\r\n{"a":"${part}`,
    ],
    [
      'POST /db/b',
      `Referer: http://here/\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\ncontent-disposition: form-data; name="_doc"\r\n\r\n{"a":"${part}`,
    ],
    ['PUT /db/c', `Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nx: ${part}`],
  ] as const
  for (const [head, body] of begun) {
    let socket: Socket | undefined
    await eventually(`${head}: others have no room`, async () => {
      // It may have come while another one had the room.
      if (socket === undefined || socket.bytesRead > 0 || socket.destroyed)
        socket = begin(server.url, head, body)
      const answer = await admin('PUT', '/db/other', { raw: other, headers: JSON_TYPE })
      return answer.status === 503
    })
    socket?.destroy()
    await eventually(`${head}: others have room again`, async () => {
      const answer = await admin('POST', '/db', { raw: other, headers: JSON_TYPE })
      return answer.status === 201
    })
  }
  t.pass()
})

test('a body that is cut into single bytes takes no more memory than another', async t => {
  const { admin, server } = await securedServer(t)
  await admin('PUT', '/db')
  const { hostname, port } = new URL(server.url)
  const held = (): number => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  const login = `Authorization: Basic ${Buffer.from(ADMIN).toString('base64')}`
  const framed = Buffer.from('1\r\nx\r\n'.repeat(100_000))
  const before = held()
  socket.write(`PUT /db/doc HTTP/1.1\r\nHost: here\r\n${login}\r\nContent-Type: application/json\r\n`)
  socket.write('Transfer-Encoding: chunked\r\n\r\na\r\n{"text":"x\r\n')
  for (let part = 0; part < 10; part++) {
    await new Promise<void>((resolve, reject) =>
      socket.write(framed, error => (error ? reject(error) : resolve())),
    )
  }
  // A million buffers would take some hundred megabytes.
  await eventually('little is held', () => held() - before < 30 * MEBIBYTE)
  const answer = new Promise<string>(resolve =>
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString())),
  )
  socket.write('2\r\n"}\r\n0\r\n\r\n')
  t.regex(await answer, /^HTTP\/1\.1 201 /)
  const { body } = await admin<{ text: string }>('GET', '/db/doc')
  t.is(body.text.length, 1_000_001)
})
