import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { type ChildServer, startNode } from '../harness/child-server.ts'
import { Client } from '../harness/client.ts'
import { freePort } from '../harness/free-port.ts'
import { program } from '../harness/project.ts'
import { compare } from './against.ts'
import { bulkInsert } from './bulk-insert.ts'
import { puts } from './puts.ts'
import { markdown } from './table.ts'
import { median } from './timing.ts'

/**
 * `node dist/bench/cluster.js --log postgres://…`: three nodes over a log that runs, against one node, all on this machine: bulk
 * inserts and PUTs of 64 clients at the leader and at a follower, how late a follower's feed is, how long writes pause when the
 * leader is killed, and how fast a new node copies another.
 */
const { values } = parseArgs({
  options: {
    log: { type: 'string', default: '' },
    documents: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '3' },
    'feed-writes': { type: 'string', default: '200' },
  },
})

const run = promisify(execFile)
const NAME = `bench${Date.now().toString(36)}`
const MOST_MS = 120_000
const DATABASE = 'bench_cluster'

interface Node {
  readonly name: string
  readonly data: string
  readonly server: ChildServer
}

const directory = await mkdtemp(join(tmpdir(), 'couchette-bench-'))
const running: ChildServer[] = []
try {
  await measure()
} finally {
  await Promise.all(running.map(server => server.kill()))
  await rm(directory, { recursive: true, force: true })
}

async function measure(): Promise<void> {
  const alone = await startNode(join(directory, 'alone'))
  running.push(alone)
  const nodes: Node[] = []
  for (const name of ['node1', 'node2', 'node3']) nodes.push(await addNode(name))
  const leader = nodes[await indexOf(nodes, 'leader')]!
  const follower = nodes.find(node => node !== leader)!
  const options = { documents: Number(values.documents), runs: Number(values.runs), pids: [] }
  for (const [what, node] of [['leader', leader] as const, ['follower', follower] as const]) {
    console.log(`\nOne node, and three of which the ${what} is asked:\n`)
    console.log(await compare([bulkInsert, puts], [alone.url, node.server.url], options))
  }
  const lateness = await feedLateness(leader, follower, Number(values['feed-writes']))
  const copied = await copySpeed()
  const pause = await takeover(nodes, leader)
  console.log()
  console.log(
    markdown([
      ['feed of a follower, p50', 'p99', 'copy to a new node', 'pause of writes, leader killed'],
      [
        `${median(lateness).toFixed(1)} ms`,
        `${percentile(lateness, 0.99).toFixed(1)} ms`,
        copied,
        `${(pause / 1000).toFixed(1)} s`,
      ],
    ]),
  )
}

/** Makes a node, the first one the cluster too; ready when it follows or leads. */
async function addNode(name: string): Promise<Node> {
  const data = join(directory, name)
  const command = name === 'node1' ? 'create' : 'join'
  const args = ['cluster', command, '--log', values.log, '--name', NAME, '--node', name, '--data', data]
  await run(process.execPath, [...program('cli/main'), ...args], {
    env: { ...process.env, COUCHDB_USER: 'admin', COUCHDB_PASSWORD: 'pass' },
  })
  const server = await startNode(data, {}, ['--port', String(await freePort())])
  running.push(server)
  const node = { name, data, server }
  await until(async () => (await stateOf(node)).current)
  return node
}

async function stateOf({ server }: Node): Promise<{ state: string; current: boolean; position: number }> {
  const {
    state,
    lag_ms: lag,
    groups,
  } = await json<{
    state: string
    lag_ms: number | null
    groups: { position: number }[]
  }>(server.url, '/_cluster')
  const current = state === 'leader' || (state === 'follower' && lag !== null && lag < 1000)
  return { state, current, position: groups[0]?.position ?? 0 }
}

async function indexOf(nodes: readonly Node[], state: string): Promise<number> {
  const states = await Promise.all(nodes.map(stateOf))
  return states.findIndex(found => found.state === state)
}

/** Milliseconds from when a document is sent to the leader to when its row arrives at a reader of a follower. */
async function feedLateness(leader: Node, follower: Node, count: number): Promise<number[]> {
  const client = new Client(leader.server.url, 1)
  const sent = new Map<string, number>()
  const late: number[] = []
  try {
    await client.json('PUT', `/${DATABASE}`, 201)
    await until(async () => (await status(follower.server.url, `/${DATABASE}`)) === 200)
    const { origin, headers } = addressed(
      follower.server.url,
      `/${DATABASE}/_changes?feed=continuous&heartbeat=1000`,
    )
    const stop = new AbortController()
    const reading = readRows(await fetch(origin, { headers, signal: stop.signal }), id => {
      late.push(performance.now() - sent.get(id)!)
    }).catch(() => undefined)
    for (let n = 0; n < count; n++) {
      sent.set(`doc${n}`, performance.now())
      await client.json('PUT', `/${DATABASE}/doc${n}`, 201, Buffer.from('{"a":1}'))
    }
    await until(() => late.length === count)
    stop.abort()
    await reading
    return late
  } finally {
    await client.close()
  }
}

async function readRows(answer: Response, each: (id: string) => void): Promise<void> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line !== '') each((JSON.parse(line) as { id: string }).id)
  }
}

/** Starts a node that copies another, as the log has its first entries no longer or not: it has an empty directory. */
async function copySpeed(): Promise<string> {
  const started = performance.now()
  const node = await addNode('node4')
  const seconds = (performance.now() - started) / 1000
  const { stdout } = await run('du', ['-sk', node.data])
  const megabytes = Number.parseInt(stdout) / 1024
  await node.server.stop()
  return `${Math.round(megabytes)} MB in ${seconds.toFixed(1)} s with the start`
}

/** Milliseconds from when the leader is killed to when another node has answered a write. */
async function takeover(nodes: readonly Node[], leader: Node): Promise<number> {
  const [other] = nodes.filter(node => node !== leader)
  await leader.server.kill()
  const killed = performance.now()
  for (let n = 0; ; n++) {
    const found = await status(other!.server.url, `/${DATABASE}/takeover${n}`, 'PUT', '{}').catch(() => 0)
    if (found === 201) return performance.now() - killed
    if (performance.now() - killed > MOST_MS) throw new Error('no other node took over')
    await sleep(20)
  }
}

function addressed(url: string, path: string): { origin: string; headers: Record<string, string> } {
  const { origin, username, password } = new URL(url)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return { origin: origin + path, headers: { authorization, 'content-type': 'application/json' } }
}

async function json<T>(url: string, path: string): Promise<T> {
  const { origin, headers } = addressed(url, path)
  return (await (await fetch(origin, { headers })).json()) as T
}

async function status(url: string, path: string, method = 'GET', body?: string): Promise<number> {
  const { origin, headers } = addressed(url, path)
  const answer = await fetch(origin, { method, headers, ...(body === undefined ? {} : { body }) })
  await answer.arrayBuffer()
  return answer.status
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + MOST_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('the cluster did not come to rest')
    await sleep(50)
  }
}

function percentile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
