import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { clusterNewLog } from '../../../server/commands/cluster.ts'
import type { EngineLog } from '../../../server/cluster/log/contract.ts'
import { createServer } from '../../../server/main.ts'
import { ADMIN } from '../../../harness/child-server.ts'
import { LevelLogEngine } from '../../../server/cluster/log/level-log.ts'
import { report } from '../../helpers/cluster-nodes.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { ServerCluster, type ServerNode } from '../../helpers/server-cluster.ts'

/** Returns a log with the first entries of another. */
async function copyOf(engine: LevelLogEngine, until: number): Promise<LevelLogEngine> {
  const copy = await LevelLogEngine.open()
  const [from, to] = [engine.connect(), copy.connect()]
  for (let at = 1; at <= until;) {
    for (const { position, bytes } of await from.read(at))
      if (position <= until) await to.append(position - 1, bytes)
    at = copy.last + 1
  }
  return copy
}

interface Health {
  readonly cluster: { readonly state: string; readonly reason: string | null }
}

/** Every node stops with a sentence, goes on to answer reads, and refuses writes. */
async function stops(t: ExecutionContext, nodes: readonly ServerNode[], reason: RegExp): Promise<void> {
  for (const node of nodes) {
    await eventually(`${node.name} stops`, async () => (await report(node)).state === 'stopped')
    t.regex((await report(node)).reason!, reason)
    t.regex((await report(node)).reason!, /couchette cluster new-log/)
    t.is((await call(node.url, 'GET', '/_up')).status, 503)
    const health = await call<Health>(node.url, 'GET', '/_node/_local/_health')
    t.is(health.body.cluster.state, 'stopped')
    t.regex(health.body.cluster.reason!, reason)
    t.is((await call(node.url, 'GET', '/db/doc0')).status, 200)
    t.is((await call(node.url, 'PUT', '/db/refused', { json: {} })).status, 503)
  }
}

/** Creates the log of a cluster again by the command. */
async function newLog(cluster: ServerCluster, { data, name }: ServerNode): Promise<void> {
  const engine = await LevelLogEngine.open()
  const open = async (): Promise<EngineLog> => {
    const log = engine.connect()
    return Object.assign(log, { create: async () => engine.last === 0 })
  }
  await clusterNewLog({ data, log: 'level', name: 'test', node: name }, open)
  cluster.engine = engine
}

interface Attached {
  readonly _attachments: { readonly file: { readonly data: string } }
}

const DATA = randomBytes(100_000).toString('base64')

/** Starts a server of its own that has databases, in the directory of a node to be. */
async function withDatabases(cluster: ServerCluster): Promise<ServerNode> {
  const node = await cluster.add()
  const port = Number(new URL(node.url).port)
  node.couchette = await createServer({ data: node.data, port, admin: ADMIN, logLevel: 'silent' })
  const _attachments = { file: { content_type: 'application/octet-stream', data: DATA } }
  for (const [path, json] of [
    ['/db', undefined],
    ['/db/alone', {}],
    ['/db/attached', { _attachments }],
  ] as const) {
    const { status } = await call(node.url, 'PUT', path, json === undefined ? {} : { json })
    if (status !== 201) throw new Error(`answered ${status}`)
  }
  return node
}

async function feedOf({ url }: ServerNode): Promise<string> {
  return JSON.stringify((await call(url, 'GET', '/db/_changes')).body)
}

const LOST: readonly (readonly [string, (engine: LevelLogEngine) => Promise<LevelLogEngine>, RegExp])[] = [
  [
    'emptied',
    () => LevelLogEngine.open(),
    /^The log ends at position 0, .* emptied, or restored from an older/,
  ],
  ['restored', engine => copyOf(engine, engine.last - 3), /^The log ends at .* restored from an older copy/],
  [
    'forked',
    async engine => {
      const fork = await copyOf(engine, engine.last - 3)
      const [source, log] = [engine.connect(), fork.connect()]
      const [last] = await source.read(engine.last)
      // Entries of others, where this log had its own.
      while (fork.last < engine.last + 50) await log.append(fork.last, forged(last!.bytes, fork.last + 1))
      return fork
    },
    /^The log differs from what this node applied: .* It was forked/,
  ],
  [
    'newer',
    async engine => {
      const log = engine.connect()
      const newer = async (): Promise<boolean> => {
        const [last] = await log.read(engine.last)
        const bytes = forged(last!.bytes, engine.last + 1)
        bytes[0] = 2
        return (await log.append(engine.last, bytes)).kind === 'appended'
      }
      while (!(await newer()));
      return engine
    },
    /^The log holds an entry of version 2 .* it needs a newer Couchette/,
  ],
]

/** Returns an entry as another history has it at a position. */
function forged(entry: Uint8Array, position: number): Buffer {
  const bytes = Buffer.from(entry)
  bytes.writeUIntBE(position, 22, 6)
  return bytes
}

test('a server with databases becomes the first node of a cluster; a log that was emptied, restored, forked or written by a newer node stops all nodes; a new one begins with the most advanced', async t => {
  t.timeout(120_000)
  const cluster = await ServerCluster.start({ count: 0 })
  try {
    const { nodes } = cluster
    const one = await withDatabases(cluster)
    const alone = await feedOf(one)
    await cluster.shut(one)
    await newLog(cluster, one)
    await cluster.open(one)
    t.is(await feedOf(one), alone, 'its clients go on where they were')
    const others = [await cluster.add(), await cluster.add()]
    for (const node of others) {
      await cluster.open(node)
      const { body } = await call<Attached>(node.url, 'GET', '/db/attached?attachments=true')
      t.true(body._attachments.file.data === DATA, 'attachments were copied')
    }
    for (let n = 0; n < 5; n++)
      t.is((await call(nodes[n % 3]!.url, 'PUT', `/db/doc${n}`, { json: {} })).status, 201)
    for (const node of nodes)
      await eventually('it has all', async () => (await feedOf(node)) === (await feedOf(one)))
    const before = await feedOf(one)
    for (const [name, lose, reason] of LOST) {
      const { engine } = cluster
      cluster.engine = await lose(engine)
      await stops(t, nodes, reason)
      for (const node of nodes) await cluster.shut(node)
      if (name === 'newer') break
      // The log that was there is there again: nothing was applied meanwhile.
      cluster.engine = engine
      for (const node of nodes) await cluster.open(node)
    }

    await newLog(cluster, one)
    await cluster.open(one)
    t.is((await report(one)).state, 'leader')
    t.is(await feedOf(one), before, 'feeds go on where they were')
    for (const node of others) {
      await cluster.serve(node)
      await eventually('the other histories stop', async () => (await report(node)).state === 'stopped')
      t.regex((await report(node)).reason!, /^The log (is another one|ends at position)/)
      await cluster.shut(node)
      await cluster.loseDisk(node)
      await cluster.open(node)
      t.is((await call(node.url, 'PUT', `/db/of-${node.name}`, { json: {} })).status, 201)
      await eventually('it has all', async () => (await feedOf(node)) === (await feedOf(one)))
    }
  } finally {
    await cluster.close()
  }
})
