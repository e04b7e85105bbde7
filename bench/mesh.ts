import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type ChildServer, startNode } from '../harness/child-server.ts'
import { Client } from '../harness/client.ts'
import { markdown } from './table.ts'

/**
 * `node dist/bench/mesh.js --nodes 3,10 --documents 3000`: documents a second that a mesh of processes on this machine takes when
 * all members are written to, time until all have all, bodies written for each change and member, and latencies of `w`.
 */
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '3,10,30' },
    documents: { type: 'string', default: '3000' },
  },
})

const DATABASE = 'app-bench'
const BATCH = 100
const SINGLE_WRITES = 200
const MOST_MS = 600_000

interface Member {
  readonly server: ChildServer
  readonly client: Client
}

const rows: string[][] = []
for (const count of values.nodes.split(',').map(Number))
  rows.push(await measure(count, Number(values.documents)))
const heads = [
  'nodes',
  'documents',
  'documents/s',
  'all have all',
  'bodies per change and node',
  'w=1',
  'w=2',
]
console.log(markdown([heads, ...rows]))

async function measure(count: number, documents: number): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'couchette-mesh-'))
  const members: Member[] = []
  try {
    for (let n = 0; n < count; n++) {
      const server = await startNode(join(dir, String(n)))
      members.push({ server, client: new Client(server.url, 4) })
    }
    await joinMembers(members)
    const each = Math.ceil(documents / count / BATCH) * BATCH
    const total = each * count
    const started = performance.now()
    await Promise.all(members.map((member, n) => load(member, n, each)))
    const loadedMs = performance.now() - started
    await until(async () => (await Promise.all(members.map(countOf))).every(found => found === total))
    const allMs = performance.now() - started
    const written = await Promise.all(members.map(writtenByJobs))
    const bodies = written.reduce((sum, found) => sum + found, 0) / total / (count - 1)
    const [one, two] = [await latency(members[0]!, 1), await latency(members[0]!, 2)]
    return [
      String(count),
      String(total),
      String(Math.round((total / loadedMs) * 1000)),
      `${(allMs / 1000).toFixed(1)} s`,
      bodies.toFixed(2),
      `${one.toFixed(1)} ms`,
      `${two.toFixed(1)} ms`,
    ]
  } finally {
    await Promise.all(members.map(({ client }) => client.close()))
    await Promise.all(members.map(({ server }) => server.stop()))
    await rm(dir, { recursive: true, force: true })
  }
}

async function joinMembers(members: readonly Member[]): Promise<void> {
  const [first, ...others] = members as [Member, ...Member[]]
  await first.client.json('PUT', '/_mesh', 201, JSON.stringify({ name: 'bench', databases: ['app-*'] }))
  const at = new URL(first.server.url).origin
  for (const { client } of others) {
    const { token } = await first.client.json<{ token: string }>('POST', '/_mesh/invitations', 201, '{}')
    await client.json('POST', '/_mesh/join', 201, JSON.stringify({ at, token }))
  }
  await first.client.json('PUT', `/${DATABASE}`, 201)
  await until(async () => {
    const known = await Promise.all(members.map(({ client }) => client.send('GET', `/${DATABASE}/_quorum`)))
    return known.every(({ body }) => body.toString().includes(`"members":${members.length}`))
  })
}

async function load({ client }: Member, member: number, documents: number): Promise<void> {
  for (let from = 0; from < documents; from += BATCH) {
    const docs = Array.from({ length: BATCH }, (_, n) => ({
      _id: `${member}-${from + n}`,
      text: 'x'.repeat(400),
    }))
    await client.json('POST', `/${DATABASE}/_bulk_docs`, 201, JSON.stringify({ docs }))
  }
}

async function countOf({ client }: Member): Promise<number> {
  return (await client.json<{ doc_count: number }>('GET', `/${DATABASE}`, 200)).doc_count
}

/** Returns the documents that a member's running jobs have written. */
async function writtenByJobs({ client }: Member): Promise<number> {
  const tasks = await client.json<{ target?: string; docs_written?: number }[]>('GET', '/_active_tasks', 200)
  const ours = tasks.filter(({ target }) => target?.includes(DATABASE) === true)
  return ours.reduce((sum, { docs_written: written = 0 }) => sum + written, 0)
}

/** Returns the median time of a write, in milliseconds. */
async function latency({ client }: Member, w: number): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < SINGLE_WRITES; n++) {
    const began = performance.now()
    await client.json('PUT', `/${DATABASE}/w${w}-${n}?w=${w}`, 201, '{"n":1}')
    times.push(performance.now() - began)
  }
  return times.sort((a, b) => a - b)[SINGLE_WRITES / 2]!
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + MOST_MS
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('the mesh did not come to it in time')
    await sleep(100)
  }
}
