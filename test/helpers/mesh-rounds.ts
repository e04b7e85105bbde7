import { call } from './http.ts'
import { allEqual, allKnow, joinAll, meshCommand, memberIdOf, QUICK } from './mesh-nodes.ts'
import { eventually } from './eventually.ts'
import { leavesOf } from './replication.ts'
import { type RunningServer, startServer } from './server.ts'
import { TcpProxy } from './tcp-proxy.ts'

/** A node that the others reach through a proxy, which can be cut. */
interface CutNode {
  readonly server: RunningServer
  readonly proxy: TcpProxy
}

export interface MeshRounds {
  readonly nodes: number
  readonly rounds: number
  readonly seed: number
  /** Writes of each node in each round. */
  readonly writes: number
  /** Regions that the nodes are spread over. */
  readonly regions?: number
  /** Ends a member in each round but the last, and has a new one take its place. */
  readonly replaces?: boolean
  readonly log?: (line: string) => void
}

const DATABASE = 'app-rounds'
const DOCUMENTS = 12
const SETTINGS = [...QUICK, { section: 'replicator', key: 'crash_backoff', value: '500' }]

/**
 * Joins nodes by commands, and in rounds cuts some or all of them from the others, has all write at random, and heals.
 *
 * @returns documents at the end, and how many have conflicts
 * @throws unless all nodes end with the same leaves
 */
export async function meshRounds(options: MeshRounds): Promise<{ documents: number; conflicts: number }> {
  const { nodes: count, rounds, seed, writes, regions = 1, replaces = false, log = () => undefined } = options
  const random = generator(seed)
  const nodes: CutNode[] = []
  const regionOf = (n: number): string => (regions === 1 ? '' : `region-${n % regions}`)
  const servers = (): RunningServer[] => nodes.map(({ server }) => server)
  try {
    for (let n = 0; n < count; n++) nodes.push(await startNode())
    await joinAll(servers(), regionOf, urlIn(nodes))
    await allKnow(servers())
    log(`${count} members know each other`)
    await call(nodes[0]!.server.url, 'PUT', `/${DATABASE}`)
    for (const { url } of servers())
      await eventually(
        'it is there',
        async () => (await call(url, 'GET', `/${DATABASE}`)).status === 200,
        LONG,
      )
    for (let round = 0; round < rounds; round++) {
      // In the first round nobody reaches anybody.
      const cut = round === 0 ? nodes : nodes.filter(() => random(2) === 0)
      for (const { proxy } of cut) proxy.cut()
      await Promise.all(servers().map(server => writeAtRandom(server, writes, random)))
      for (const { proxy } of cut) proxy.mend()
      await Promise.all(servers().map(server => writeAtRandom(server, 2, random)))
      if (replaces && round < rounds - 1) await replaceMember(nodes, 1 + random(count - 1), regionOf)
      const before = performance.now()
      await allEqual(servers(), DATABASE)
      log(`round ${round}: ${cut.length} cut, equal after ${Math.round(performance.now() - before)} ms`)
    }
    const leaves = Object.values(await leavesOf(nodes[0]!.server.url, DATABASE))
    return { documents: leaves.length, conflicts: leaves.filter(({ length }) => length > 1).length }
  } finally {
    await Promise.all(nodes.map(closeNode))
  }
}

const LONG = { withinMs: 90_000 }

async function startNode(): Promise<CutNode> {
  const server = await startServer({ memory: true, settings: SETTINGS })
  return { server, proxy: await TcpProxy.start(server.couchette.port) }
}

async function closeNode({ server, proxy }: CutNode): Promise<void> {
  await server.close()
  await proxy.close()
}

function urlIn(nodes: readonly CutNode[]): (server: RunningServer) => string {
  return server => {
    const { proxy } = nodes.find(node => node.server === server)!
    return `http://127.0.0.1:${proxy.port}`
  }
}

/** A member that waits until the others have what it wrote ends; a new one joins. */
async function replaceMember(
  nodes: CutNode[],
  index: number,
  regionOf: (n: number) => string,
): Promise<void> {
  await allEqual(
    nodes.map(({ server }) => server),
    DATABASE,
  )
  const [first, old] = [nodes[0]!, nodes[index]!]
  const id = await memberIdOf(old.server)
  await closeNode(old)
  await meshCommand(first.server, 'remove', id)
  const fresh = (nodes[index] = await startNode())
  const url = urlIn(nodes)
  const token = await meshCommand(first.server, 'invite')
  const region = regionOf(index)
  const more = region === '' ? [] : ['--region', region]
  await meshCommand(
    fresh.server,
    'join',
    url(first.server),
    token,
    '--member-url',
    url(fresh.server),
    ...more,
  )
}

async function writeAtRandom(
  { url }: RunningServer,
  writes: number,
  random: (limit: number) => number,
): Promise<void> {
  for (let n = 0; n < writes; n++) {
    const path = `/${DATABASE}/doc-${random(DOCUMENTS)}`
    const { body, status } = await call<{ _rev?: string }>(url, 'GET', path)
    const rev = status === 200 ? { _rev: body._rev } : {}
    const isDeletion = status === 200 && random(5) === 0
    await call(url, 'PUT', path, {
      json: { ...rev, n: random(1e9), ...(isDeletion ? { _deleted: true } : {}) },
    })
  }
}

function generator(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
