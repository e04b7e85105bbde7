import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { startNode } from '../harness/child-server.ts'
import { Client, target } from '../harness/client.ts'
import { peakMemory } from './peak-memory.ts'
import { CASES } from './stalls/cases.ts'
import type { StallCase } from './stalls/stall-case.ts'
import { SOCKET, type LoopFigures } from './stalls/loop-cpu.ts'
import { markdown } from './table.ts'

/**
 * How long one request with a large body keeps the event loop from all others, for every route that takes a list or a
 * body. `--mebibytes 15,60` names the sizes, `--runs N` how often each is sent (the shortest of the longest stretches
 * counts), and other arguments the beginnings of routes.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { mebibytes: { type: 'string', default: '15,60' }, runs: { type: 'string', default: '2' } },
})

const DATABASE = 'stalls'
const DOCUMENTS = 20_000
const SETTLE_MS = 50
let sent = 0
const FUNCTIONS = {
  views: {
    rows: { map: 'function (doc) { emit(doc._id, 1); emit(doc.n, 1) }' },
    sums: { map: 'function (doc) { emit(doc._id, doc.n) }', reduce: '_sum' },
  },
  lists: { all: 'function () { var row; while (row = getRow()) send(row.id) }' },
  shows: { one: 'function (doc, request) { return "seen" }' },
  updates: { one: 'function (doc, request) { return [null, "seen"] }' },
  rewrites: [{ from: '/all', to: '../../_all_docs', method: 'POST' }],
}

const dir = await mkdtemp(join(tmpdir(), 'couchette-stalls-'))
const socket = join(dir, 'figures')
const loader = new URL(`stalls/loop-cpu.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
const node = await startNode(join(dir, 'data'), { [SOCKET]: socket, NODE_OPTIONS: `--import=${loader.href}` })
try {
  await fill()
  const sizes = values.mebibytes.split(',').map(Number)
  const rows: string[][] = []
  for (const use of CASES.filter(({ route }) => isWanted(route))) {
    const row = [use.route, use.shape]
    for (const mebibytes of sizes) row.push(...(await measured(use, mebibytes)))
    process.stderr.write(`${row.join(' | ')}\n`)
    rows.push(row)
  }
  const heads = sizes.flatMap(size => [`${size} MiB`, 'longest stretch', 'all work', 'most memory'])
  process.stdout.write(`${markdown([['route', 'body', ...heads], ...rows])}\n`)
} finally {
  await node.kill()
  await rm(dir, { recursive: true, force: true })
}

function isWanted(route: string): boolean {
  return positionals.length === 0 || positionals.some(beginning => route.startsWith(beginning))
}

async function fill(): Promise<void> {
  const client = new Client(node.url, 1)
  for (const database of ['_users', '_replicator', DATABASE]) await client.send('PUT', `/${database}`)
  await client.json('PUT', `/${DATABASE}/_design/d`, 201, JSON.stringify(FUNCTIONS))
  for (let from = 0; from < DOCUMENTS; from += 2000) {
    const docs = Array.from({ length: 2000 }, (_, n) => ({
      _id: `key${String(from + n).padStart(7, '0')}`,
      n: from + n,
    }))
    await client.json('POST', `/${DATABASE}/_bulk_docs`, 201, JSON.stringify({ docs }))
  }
  for (const view of ['rows', 'sums'])
    await client.send('GET', `/${DATABASE}/_design/d/_view/${view}?limit=1`)
  await client.close()
}

/** The status, the longest stretch, all work of the main thread and the memory of a use with a body of that size. */
async function measured(use: StallCase, mebibytes: number): Promise<string[]> {
  const body = use.body(mebibytes * 1024 * 1024)
  let [longest, total, status, memory] = [Infinity, Infinity, 0, Infinity]
  for (let run = 0; run < Number(values.runs); run++) {
    await pause(SETTLE_MS)
    await peakMemory(node)
    await figures()
    status = await send(use, body)
    await pause(SETTLE_MS)
    const found = await figures()
    longest = Math.min(longest, found.longest)
    total = Math.min(total, found.total)
    memory = Math.min(memory, await peakMemory(node))
  }
  return [String(status), `${Math.round(longest)} ms`, `${Math.round(total)} ms`, `${memory} MB`]
}

/** Sends and reads to the end; 0 where the connection was cut. */
function send({ method = 'POST', path, headers = {} }: StallCase, body: Buffer): Promise<number> {
  const { origin, headers: authorization } = target(node.url)
  const { host } = new URL(origin)
  sent++
  const own = Object.entries({ 'content-type': 'application/json', ...headers })
  return new Promise(resolve => {
    const url = origin + path.replace('DB', DATABASE).replace('-N', `-${sent}`)
    const options = {
      method,
      headers: {
        ...authorization,
        ...Object.fromEntries(own.map(([name, value]) => [name, value.replace('HOST', host)])),
        'content-length': String(body.length),
      },
    }
    const sending = request(url, options, answer => {
      answer.resume().once('close', () => resolve(answer.statusCode ?? 0))
    })
    sending.once('error', () => resolve(0))
    sending.end(body)
  })
}

async function figures(): Promise<LoopFigures> {
  return JSON.parse(await text(connect(socket))) as LoopFigures
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
