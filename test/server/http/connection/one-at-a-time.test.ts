import { connect, type Socket } from 'node:net'
import { readdir } from 'node:fs/promises'
import test from 'ava'
import { eventually } from '../../../helpers/eventually.ts'
import { call } from '../../../helpers/http.ts'
import { startServer } from '../../../helpers/server.ts'

const LENGTH = 2 * 1024 * 1024

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: here\r\nAuthorization: ${LOGIN}\r\n\r\n`
const LOGIN = `Basic ${Buffer.from('admin:pass').toString('base64')}`

function send(url: string, text: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.write(text)
  return socket
}

const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length

// Answers that waited for their turn on a connection learnt nothing of its end: files stayed open, and each took the place of a request.
test('requests that were sent ahead are given up with their connection', async t => {
  const server = await startServer({
    settings: [{ section: 'couchette', key: 'max_running_requests', value: '50' }],
  })
  t.teardown(() => server.close())
  await call(server.url, 'PUT', '/db')
  const data = Buffer.alloc(LENGTH, 'x').toString('base64')
  const json = { _attachments: { file: { content_type: 'image/png', data } } }
  t.is((await call(server.url, 'PUT', '/db/doc', { json })).status, 201)
  const before = await openFiles()
  for (const path of ['/db/doc/file', '/db/_changes?feed=continuous&heartbeat=1000', '/db/doc']) {
    const socket = send(server.url, get(path).repeat(400))
    await eventually('it is answered', () => socket.bytesRead > 0)
    socket.pause()
    t.is((await call(server.url, 'GET', '/db/doc')).status, 200, `others are answered beside ${path}`)
    if (process.platform === 'linux') t.true((await openFiles()) < before + 20)
    socket.destroy()
  }
  for (let n = 0; n < 60; n++) t.is((await call(server.url, 'GET', '/db/doc/file')).status, 200)
  if (process.platform === 'linux')
    await eventually('files are closed', async () => (await openFiles()) <= before + 3)
})

test('requests that were sent ahead are answered in their order', async t => {
  const server = await startServer()
  t.teardown(() => server.close())
  await call(server.url, 'PUT', '/db')
  const puts = Array.from({ length: 20 }, (_, n) => {
    const body = JSON.stringify({ n })
    return `PUT /db/doc${n} HTTP/1.1\r\nHost: here\r\nAuthorization: ${LOGIN}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  })
  const gets = puts.map((_, n) => get(`/db/doc${n}`))
  const socket = send(server.url, puts.join('') + gets.join(''))
  t.teardown(() => socket.destroy())
  let said = ''
  socket.on('data', (bytes: Buffer) => (said += bytes.toString()))
  await eventually(
    'all are answered',
    () => said.match(/HTTP\/1\.1 /g)?.length === 40 && said.includes('"n":19'),
  )
  t.deepEqual(
    said.match(/HTTP\/1\.1 (\d+)/g)?.map(line => line.slice(9)),
    [...puts.map(() => '201'), ...gets.map(() => '200')],
  )
  t.deepEqual(
    [...said.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n)),
    gets.map((_, n) => n),
  )
})

test('a connection with more requests ahead of their answers than anybody needs is closed', async t => {
  const server = await startServer()
  t.teardown(() => server.close())
  await call(server.url, 'PUT', '/db')
  const socket = send(server.url, get('/db/_changes?feed=continuous&heartbeat=1000').repeat(3000))
  socket.resume()
  await eventually('it is closed', () => socket.destroyed)
  t.is((await call(server.url, 'GET', '/db')).status, 200)
})
