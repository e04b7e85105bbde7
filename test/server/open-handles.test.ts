import test from 'ava'
import { createHook } from 'node:async_hooks'
import { readdir, readlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { type RunningServer, startServer } from '../helpers/server.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'

/** Resources that stay until somebody closes them, by their names in `async_hooks`. */
const KINDS = new Set([
  'Timeout',
  'TCPWRAP',
  'TCPSERVERWRAP',
  'PIPEWRAP',
  'PIPESERVERWRAP',
  'TLSWRAP',
  'WORKER',
  'PROCESSWRAP',
  'FSEVENTWRAP',
  'STATWATCHER',
  'FILEHANDLE',
  'SIGNALWRAP',
])
/** `OPEN_HANDLES_CYCLES=100` tries it longer. */
const CYCLES = Number(process.env['OPEN_HANDLES_CYCLES'] ?? 1)

/** A timer that ends by itself, at the end of its time at the latest. */
const BOUNDED = /AbortSignal\.timeout/
/** A frame of the program, from its sources and from `dist/`. */
const PROGRAM = /\/(server|replicator|protocol)\/(?!node_modules)/

const open = new Map<number, string>()
createHook({
  init(id, kind) {
    if (!KINDS.has(kind)) return
    const stack = new Error().stack ?? ''
    if (BOUNDED.test(stack)) return
    const frames = stack.split('\n').filter(frame => PROGRAM.test(frame) && !frame.includes('/test/'))
    if (frames.length > 0) open.set(id, `${kind}\n${frames.slice(0, 4).join('\n')}`)
  },
  destroy(id) {
    open.delete(id)
  },
}).enable()

/** Returns the target of each open descriptor of the process, sockets and pipes without their numbers. */
async function descriptors(): Promise<string[]> {
  const links = (await readdir('/proc/self/fd')).map(fd =>
    readlink(`/proc/self/fd/${fd}`).catch(() => 'closed'),
  )
  const kinds = (await Promise.all(links)).map(link => link.replace(/:\[\d+\]$/, ''))
  return kinds.filter(kind => kind !== 'closed' && !/^\/proc\//.test(kind)).sort()
}

async function threads(): Promise<number> {
  return (await readdir('/proc/self/task')).length
}

const DESIGN = {
  views: { n: { map: 'function (doc) { emit(doc._id, 1) }', reduce: '_count' } },
  validate_doc_update: 'function (doc) { if (doc.bad) throw { forbidden: "bad" } }',
}

/** Uses a server in every way, and leaves what clients leave: feeds, half a request, a job that runs. */
async function use({ url }: RunningServer): Promise<void> {
  const { hostname, port } = new URL(url)
  const left = Array.from({ length: 4 }, () => connect(Number(port), hostname).on('error', () => undefined))
  const auth = `Host: a\r\nAuthorization: Basic ${btoa('admin:pass')}\r\n`
  await call(url, 'PUT', '/db')
  await call(url, 'PUT', '/db/_design/d', { json: DESIGN })
  const docs = Array.from({ length: 50 }, (_, n) => ({ _id: `d${n}`, n }))
  await call(url, 'POST', '/db/_bulk_docs', { json: { docs } })
  left[0]?.write(`GET /db/_changes?feed=continuous&heartbeat=1000 HTTP/1.1\r\n${auth}\r\n`)
  left[1]?.write(`GET /db/_changes?feed=longpoll&since=now HTTP/1.1\r\n${auth}\r\n`)
  left[2]?.write(`GET /_db_updates?feed=eventsource HTTP/1.1\r\n${auth}\r\n`)
  left[3]?.write(`PUT /db/half HTTP/1.1\r\n${auth}Content-Length: 100\r\n\r\n{"a"`)
  await call(url, 'GET', '/db/_design/d/_view/n')
  await call(url, 'POST', '/db/_index', { json: { index: { fields: ['n'] } } })
  await call(url, 'POST', '/db/_find', { json: { selector: { n: { $gt: 40 } } } })
  const raw = Buffer.alloc(200_000, 1)
  await call(url, 'PUT', '/db/file/a', { raw, headers: { 'content-type': 'text/plain' } })
  const job = { source: `${url}/db`, target: `${url}/live`, create_target: true, continuous: true }
  await call(url, 'PUT', '/_replicator/job', { json: job })
  await eventually('the job runs', async () => (await call(url, 'GET', '/live/d49')).status === 200)
  await call(url, 'POST', '/db/_compact', { json: {} })
  for (const socket of left) socket.resume()
}

async function cycle(): Promise<void> {
  const server = await startServer()
  try {
    await use(server)
  } finally {
    await server.close()
  }
}

test('a server that was closed leaves no timer, socket, thread or descriptor', async t => {
  if (process.platform !== 'linux') return t.pass()
  t.timeout(4 * 60_000)
  // What the first leaves is the process's own: threads of its pool, connections that the test's client keeps.
  await cycle()
  const [before, tasks] = [await descriptors(), await threads()]
  open.clear()
  for (let n = 0; n < CYCLES; n++) await cycle()
  await eventually('nothing of the server is open', () => open.size === 0).catch(() => undefined)
  t.deepEqual([...open.values()], [])
  const isBack = async () => (await threads()) <= tasks && (await descriptors()).length <= before.length
  await eventually('threads and descriptors are gone', isBack).catch(() => undefined)
  t.deepEqual(await descriptors(), before)
  t.true((await threads()) <= tasks)
})
