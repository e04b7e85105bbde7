// One very large attachment goes up, down and through a replication, and the memory that the servers need is shown.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { startNode, type ChildServer } from '../harness/child-server.ts'
import { target } from '../harness/client.ts'
import { peakMemory } from './peak-memory.ts'

const { values } = parseArgs({ options: { mebibytes: { type: 'string', default: '2048' } } })
const size = Number(values.mebibytes) * 2 ** 20
const PIECE = randomBytes(2 ** 20)
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

/** Different in each piece, and made faster than it is sent. */
function* pieces(): Generator<Buffer> {
  for (let at = 0; at < size; at += PIECE.length) {
    const piece = Buffer.from(PIECE)
    piece.writeDoubleBE(at)
    yield piece
  }
}

async function start(dir: string): Promise<ChildServer> {
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'local.ini'), '[couchdb]\nmax_attachment_size = infinity\n')
  return startNode(dir)
}

async function send(server: ChildServer, method: 'GET' | 'PUT' | 'POST', path: string, body?: unknown) {
  const { origin, headers } = target(server.url)
  const isFile = body instanceof Readable
  const answer = await request(origin + path, {
    method,
    dispatcher,
    headers: { ...headers, 'content-type': isFile ? 'application/octet-stream' : 'application/json' },
    body: isFile ? body : body === undefined ? null : JSON.stringify(body),
  })
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${await answer.body.text()}`)
  return answer
}

async function upload(server: ChildServer): Promise<void> {
  await (await send(server, 'PUT', '/db/large/file.bin', Readable.from(pieces()))).body.dump()
}

async function download(server: ChildServer): Promise<void> {
  const { headers, body } = await send(server, 'GET', '/db/large/file.bin')
  const md5 = createHash('md5')
  for await (const piece of body as AsyncIterable<Buffer>) md5.update(piece)
  if (headers.etag !== `"${md5.digest('base64')}"`) throw new Error('other bytes came back than are stored')
}

async function replicate(source: ChildServer, to: ChildServer): Promise<void> {
  const answer = await send(source, 'POST', '/_replicate', {
    source: `${source.url}/db`,
    target: `${to.url}/db`,
  })
  const result = (await answer.body.json()) as { ok: boolean; history: [{ docs_written: number }] }
  if (!result.ok || result.history[0].docs_written !== 1) throw new Error(JSON.stringify(result))
}

async function step(name: string, servers: readonly ChildServer[], work: () => Promise<void>): Promise<void> {
  for (const server of servers) await peakMemory(server)
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  const memory = await Promise.all(servers.map(peakMemory))
  console.log(
    `${name}: ${Math.round(size / 1e6 / seconds)} MB/s, at most ${memory.join(' and ')} MB resident`,
  )
}

const dir = await mkdtemp(join(tmpdir(), 'couchette-large-'))
const source = await start(join(dir, 'source'))
const other = await start(join(dir, 'target'))
try {
  for (const server of [source, other]) await (await send(server, 'PUT', '/db')).body.dump()
  await step('at rest', [source], () => Promise.resolve())
  await step('up', [source], () => upload(source))
  await step('down', [source], () => download(source))
  await step('replicated', [source, other], () => replicate(source, other))
  await step('down from the target', [other], () => download(other))
} finally {
  await source.stop()
  await other.stop()
  await rm(dir, { recursive: true, force: true })
}
