import { connect, type Socket } from 'node:net'
import test from 'ava'
import { eventually } from '../../../helpers/eventually.ts'
import { ADMIN, securedServer } from '../../../helpers/secured-server.ts'

/** Asks for an answer and reads nothing of it. */
function askAndLeave(url: string, path: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const login = Buffer.from(ADMIN).toString('base64')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\nAuthorization: Basic ${login}\r\n\r\n`)
  socket.on('error', () => undefined)
  return socket.pause()
}

const LONG = [
  '/db/_changes?include_docs=true',
  '/db/_all_docs?include_docs=true',
  '/db/_design/d/_view/v?include_docs=true',
]

test('while too many answers wait for their clients, further long ones get 503, and short ones are given', async t => {
  const { admin, server } = await securedServer(t, 'couchette/max_unread_answers=1500000')
  await admin('PUT', '/db')
  await admin('PUT', '/db/_design/d', { json: { views: { v: { map: 'function (doc) { emit(null) }' } } } })
  const text = 'x'.repeat(100_000)
  // More than the buffers of the system hold.
  for (let part = 0; part < 8; part++) {
    const docs = Array.from({ length: 40 }, (_, n) => ({ _id: `${part}-${n}`, text }))
    await admin('POST', '/db/_bulk_docs', { json: { docs } })
  }
  for (const path of LONG) t.is((await admin('GET', path)).status, 200, path)
  const live = LONG[0]?.replace('?', '?feed=continuous&since=0&') ?? ''
  const readers = [...LONG, live].flatMap(path => [1, 2, 3].map(() => askAndLeave(server.url, path)))
  const ask = () => admin('GET', '/db/_changes?include_docs=true')
  await eventually('long answers are refused', async () => (await ask()).status === 503)
  t.regex(String((await ask()).headers['retry-after']), /^\d+$/)
  for (const path of [...LONG, live]) t.is((await admin('GET', path)).status, 503, path)
  t.is((await admin('GET', '/db/_changes?limit=1')).status, 200)
  t.is((await admin('GET', '/db/_all_docs?limit=1')).status, 200)
  for (const reader of readers) reader.destroy()
  await eventually('long answers are given again', async () => (await ask()).status === 200)
  t.pass()
})
