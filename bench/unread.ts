import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startNode, type ChildServer } from '../harness/child-server.ts'
import { Client, target } from '../harness/client.ts'
import { ownMemory } from './peak-memory.ts'
import { markdown } from './table.ts'

/**
 * Memory of answers whose clients read the status line and then nothing: `--readers N` of one kind at a time, each kind
 * on a server process of its own, whose `_up` is asked meanwhile. Other arguments are the beginnings of kinds.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { readers: { type: 'string', default: '200' }, seconds: { type: 'string', default: '5' } },
})

const DOCUMENTS = 60_000
const DESIGN = { views: { rows: { map: 'function (doc) { emit(doc._id, doc.text) }' } } }
const ATTACHMENT_BYTES = 32 * 1024 * 1024

const KINDS: Readonly<Record<string, string>> = {
  'normal feed': '/db/_changes',
  'normal feed, documents': '/db/_changes?include_docs=true',
  'normal feed, descending': '/db/_changes?include_docs=true&descending=true',
  'continuous feed': '/db/_changes?feed=continuous&since=0&heartbeat=1000',
  'continuous feed, documents': '/db/_changes?feed=continuous&include_docs=true&since=0',
  'longpoll feed': '/db/_changes?feed=longpoll&since=0',
  'longpoll feed, documents': '/db/_changes?feed=longpoll&include_docs=true&since=0',
  'eventsource feed': '/db/_changes?feed=eventsource&since=0',
  'eventsource feed, documents': '/db/_changes?feed=eventsource&include_docs=true&since=0',
  _all_docs: '/db/_all_docs',
  '_all_docs, documents': '/db/_all_docs?include_docs=true',
  view: '/db/_design/d/_view/rows',
  'view, documents': '/db/_design/d/_view/rows?include_docs=true',
  attachment: '/db/large/file',
  'document with attachment': '/db/large?attachments=true',
  'multipart document': '/db/large?attachments=true MULTIPART',
}

const dir = await mkdtemp(join(tmpdir(), 'couchette-unread-'))
try {
  await onNode(fill)
  const rows: string[][] = []
  for (const [kind, path] of Object.entries(KINDS)) {
    if (positionals.length > 0 && !positionals.some(beginning => kind.startsWith(beginning))) continue
    await onNode(async node => void rows.push([kind, ...(await measured(node, path))]))
    process.stderr.write(`${rows.at(-1)?.join(' | ')}\n`)
  }
  const heads = ['kind', 'answered', 'refused', 'memory', 'each', '`_up` at most', 'after']
  process.stdout.write(`${markdown([heads, ...rows])}\n`)
} finally {
  await rm(dir, { recursive: true, force: true })
}

async function onNode(work: (node: ChildServer) => Promise<void>): Promise<void> {
  const node = await startNode(join(dir, 'data'))
  try {
    await work(node)
  } finally {
    await node.stop()
  }
}

async function fill(node: ChildServer): Promise<void> {
  const client = new Client(node.url, 1)
  await client.send('PUT', '/db')
  await client.json('PUT', '/db/_design/d', 201, JSON.stringify(DESIGN))
  const text = 'text of a document '.repeat(25)
  for (let from = 0; from < DOCUMENTS; from += 2000) {
    const docs = Array.from({ length: 2000 }, (_, n) => ({ _id: `key-${from + n}`, text }))
    await client.json('POST', '/db/_bulk_docs', 201, JSON.stringify({ docs }))
  }
  const { origin, headers } = target(node.url)
  const body = Buffer.alloc(ATTACHMENT_BYTES, 'attachment ')
  await fetch(`${origin}/db/large/file`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'image/png' },
    body,
  })
  await client.json('GET', '/db/_design/d/_view/rows?limit=1', 200)
  await client.close()
}

async function measured(node: ChildServer, path: string): Promise<string[]> {
  const client = new Client(node.url, 1)
  await client.json('GET', '/db/_changes?limit=1', 200)
  await client.json('GET', '/db/_design/d/_view/rows?limit=1', 200)
  const before = await ownMemory(node)
  const readers = Array.from({ length: Number(values.readers) }, () => askAndStop(node.url, path))
  let slowest = 0
  for (const end = Date.now() + Number(values.seconds) * 1000; Date.now() < end;) {
    const asked = performance.now()
    await client.json('GET', '/_up', 200)
    slowest = Math.max(slowest, performance.now() - asked)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const statuses = readers.map(({ status }) => status())
  const after = await ownMemory(node)
  for (const { socket } of readers) socket.destroy()
  await new Promise(resolve => setTimeout(resolve, 1000))
  const left = (await ownMemory(node)) - before
  await client.close()
  const answered = statuses.filter(status => status === '200').length
  return [
    String(answered),
    String(statuses.filter(status => status === '503').length),
    `${after - before} MB`,
    `${((after - before) / Math.max(1, answered)).toFixed(2)} MB`,
    `${Math.round(slowest)} ms`,
    `${left} MB`,
  ]
}

/** Asks, reads the first bytes of the answer and stops. */
function askAndStop(url: string, path: string): { socket: Socket; status: () => string } {
  const { origin, headers } = target(url)
  const { hostname, port } = new URL(origin)
  const [query, accept] = path.endsWith(' MULTIPART')
    ? [path.split(' ')[0], 'multipart/related']
    : [path, 'application/json']
  const socket = connect(Number(port), hostname)
  const fields = Object.entries({ ...headers, host: hostname, accept })
  socket.write(
    `GET ${query} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  )
  let status = ''
  socket.once('data', (bytes: Buffer) => {
    status = bytes.toString('latin1', 9, 12)
    socket.pause()
  })
  socket.on('error', () => undefined)
  return { socket, status: () => status }
}
