import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startNode } from '../harness/child-server.ts'
import { Client } from '../harness/client.ts'
import { benchDocument, numbers } from './documents.ts'
import { fillAttachments, fillConflicts, fillPlain } from './replicate/fill.ts'
import { slowLink } from '../harness/slow-link.ts'

/** Replication between two servers, by URL: `--a URL --b URL`, or two nodes of its own. */
const { values } = parseArgs({
  options: {
    a: { type: 'string' },
    b: { type: 'string' },
    documents: { type: 'string', default: '100000' },
    jobs: { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
  },
})

const LINK_BITS = 20_000_000
const LINK_ROUND_TRIP_MS = 150
const ALLOWED_FOR_LINK = 50_000

interface Answer {
  readonly history?: readonly { readonly docs_written: number }[]
}

const own = values.a === undefined || values.b === undefined
const directories = own
  ? await Promise.all([0, 1].map(() => mkdtemp(join(tmpdir(), 'couchette-bench-'))))
  : []
const nodes = await Promise.all(directories.map(directory => startNode(directory)))
const a = values.a ?? nodes[0]?.url ?? ''
const b = values.b ?? nodes[1]?.url ?? ''
const [toA, toB] = [new Client(a, 16), new Client(b, 16)]
const count = Number(values.documents)
const run = Date.now().toString(36)

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

function say(what: string, rate: number, unit: string, share?: number): void {
  const part = share === undefined ? '' : `  ${Math.round(share * 100)}%`
  console.log(`${what.padEnd(34)} ${Math.round(rate).toLocaleString('en').padStart(9)} ${unit}${part}`)
}

/** One `_replicate` by a node to its end: documents a second. */
async function once(node: Client, source: string, target: string, documents: number): Promise<number> {
  const job = JSON.stringify({ source, target, create_target: true })
  const taken = await seconds(async () => {
    const { history } = await node.json<Answer>('POST', '/_replicate', 200, job)
    const written = history?.[0]?.docs_written
    if (written !== documents) throw new Error(`${written ?? 'no'} documents were written, not ${documents}`)
  })
  return documents / taken
}

async function plain(): Promise<void> {
  const name = `plain-${run}`
  await toA.json('PUT', `/${name}`, 201)
  const insert = count / (await seconds(() => fillPlain(toA, name, count)))
  say('bulk insert', insert, 'docs/s')
  const within = await once(toA, `${a}/${name}`, `${a}/${name}-within`, count)
  say('within one node', within, 'docs/s', within / insert)
  const pull = await once(toB, `${a}/${name}`, `${b}/${name}-pull`, count)
  say('pull', pull, 'docs/s', pull / insert)
  const push = await once(toA, `${a}/${name}`, `${b}/${name}-push`, count)
  say('push', push, 'docs/s', push / insert)
}

async function conflicts(): Promise<void> {
  const name = `leaves-${run}`
  const documents = Math.min(10_000, count)
  await toA.json('PUT', `/${name}`, 201)
  await fillConflicts(toA, name, documents)
  say('pull of 5 leaves each', await once(toB, `${a}/${name}`, `${b}/${name}`, documents * 5), 'leaves/s')
}

async function attachments(): Promise<void> {
  const name = `attached-${run}`
  const documents = Math.min(1000, count)
  await toA.json('PUT', `/${name}`, 201)
  await fillAttachments(toA, name, documents)
  say('pull with 100 KB attachments', await once(toB, `${a}/${name}`, `${b}/${name}`, documents), 'docs/s')
}

async function link(): Promise<void> {
  const name = `link-${run}`
  const documents = Math.min(ALLOWED_FOR_LINK, count)
  await toA.json('PUT', `/${name}`, 201)
  await fillPlain(toA, name, documents)
  const far = await slowLink(a, LINK_BITS, LINK_ROUND_TRIP_MS)
  try {
    const rate = await once(toB, `${far.url}/${name}`, `${b}/${name}`, documents)
    const bytes = JSON.stringify(Array.from(numbers(0, documents), benchDocument)).length
    say('pull over 20 Mbit/s, 150 ms', rate, 'docs/s', ((rate * bytes) / documents) * (8 / LINK_BITS))
    say('  bytes that travelled', far.received / documents, 'bytes a document')
  } finally {
    far.close()
  }
}

async function jobs(): Promise<void> {
  const many = Number(values.jobs)
  const before = await memoryOf()
  const names = Array.from({ length: many }, (_, n) => `jobs-${run}-${n}`)
  for (const name of names) {
    await toA.json('PUT', `/${name}`, 201)
    await toA.json('PUT', `/${name}-copy`, 201)
    const job = { source: `${a}/${name}`, target: `${a}/${name}-copy`, continuous: true }
    await toA.json('PUT', `/_replicator/${name}`, 201, JSON.stringify(job))
  }
  await sleep(10_000)
  const after = await memoryOf()
  if (after > 0) say('memory of an idle job', (after - before) / many / 1024, 'KB')
  const changed = names.filter((_, n) => n % Math.ceil(many / 100) === 0)
  const taken = await seconds(async () => {
    await Promise.all(changed.map(name => toA.json('PUT', `/${name}/new`, 201, '{"n":1}')))
    for (const name of changed)
      while ((await toA.send('GET', `/${name}-copy/new`)).status !== 200) await sleep(10)
  })
  say(`${changed.length} of ${many} databases change: ms`, taken * 1000, 'ms until all arrived')
}

/** Of the first node, where it is of our own. */
async function memoryOf(): Promise<number> {
  const pid = nodes[0]?.pid
  if (pid === undefined) return 0
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
}

const WORKS = { plain, conflicts, attachments, link, jobs }

try {
  for (const [name, work] of Object.entries(WORKS)) if (name.startsWith(values.only)) await work()
} finally {
  await Promise.all([toA.close(), toB.close()])
  await Promise.all(nodes.map(node => node.stop()))
  await Promise.all(directories.map(directory => rm(directory, { recursive: true, force: true })))
}
