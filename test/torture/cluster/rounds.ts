import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../../helpers/http.ts'
import { randomOf } from '../../helpers/cluster-rounds.ts'
import { eventually } from '../../helpers/eventually.ts'
import { tempDir } from '../../helpers/temp.ts'
import { below, pick, type Random } from '../random.ts'
import { checkEnd } from './checks.ts'
import { Clients, DATABASE } from './clients.ts'
import { startEngine, type TortureEngine } from './engines.ts'
import { History } from './history.ts'
import { NodeNetworks } from './network.ts'
import { IsolatedNodes } from './nodes.ts'

export interface ClusterTorture {
  readonly seconds: number
  readonly engine: 'postgres' | 'nats'
  /** Of the faults, and of what clients do. */
  readonly seed: number
  readonly log: (line: string) => void
}

export interface TortureResult {
  /** Sentences on what contradicts what a cluster promises; empty where all is well. */
  readonly faults: readonly string[]
  readonly writes: number
  readonly refused: number
  readonly rows: number
  readonly slowestMs: number
}

const NODES = 3
const WRITERS = 6
const READERS = 3
/** Milliseconds of a fault, and between two. */
const LONGEST_FAULT_MS = 12_000
const LONGEST_PAUSE_MS = 4000

/**
 * Runs three nodes, each in a network of its own, over an engine, and has clients write, read and follow the feed at all of them,
 * while nodes and servers of the engine are killed, stopped, cut off and started again; then checks what was promised.
 */
export async function tortureCluster(options: ClusterTorture): Promise<TortureResult> {
  const { engine: kind, log } = options
  const [directory, networks] = await Promise.all([tempDir(), NodeNetworks.make(NODES)])
  let engine: TortureEngine | undefined
  let nodes: IsolatedNodes | undefined
  try {
    engine = await startEngine(kind, networks.ownAddress('engine'))
    nodes = new IsolatedNodes(networks, directory.path, engine.url, NODES)
    await nodes.start()
    log('three nodes follow')
    const urls = [0, 1, 2].map(node => nodes!.url(node))
    await eventually('the database is there', async () => {
      const { status } = await call(urls[0]!, 'PUT', `/${DATABASE}`)
      return status === 201 || status === 412
    })
    const history = new History()
    await withFaults(options, nodes, engine, new Clients(urls, history, randomOf(options.seed + 1)))
    log('all is mended')
    await nodes.current()
    await checkEnd(nodes, history)
    const { faults, silences, writes, refused, rows, slowestMs } = history
    const unanswered = silences.map(request => `${request} was never answered`)
    return { faults: [...faults, ...unanswered], writes, refused, rows: rows.size, slowestMs }
  } catch (error) {
    for (const line of (await nodes?.logs()) ?? []) log(line)
    throw error
  } finally {
    await nodes?.close()
    await engine?.close()
    await networks.close()
    await directory.remove()
  }
}

async function withFaults(
  { seconds, seed, log }: ClusterTorture,
  nodes: IsolatedNodes,
  engine: TortureEngine,
  clients: Clients,
): Promise<void> {
  const random = randomOf(seed)
  const work = [
    ...Array.from({ length: WRITERS }, (_, n) => clients.write(`writer${n}`)),
    ...Array.from({ length: READERS }, (_, n) => clients.follow(`reader${n}`)),
  ]
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    await sleep(random() * LONGEST_PAUSE_MS)
    const fault = pick(random, FAULTS)
    const ms = 500 + random() * LONGEST_FAULT_MS
    await fault({ nodes, engine, node: below(random, NODES), random, ms, log })
  }
  clients.end()
  await Promise.all(work)
}

interface FaultParts {
  readonly nodes: IsolatedNodes
  readonly engine: TortureEngine
  readonly node: number
  readonly random: Random
  readonly ms: number
  readonly log: (line: string) => void
}

type Fault = (parts: FaultParts) => Promise<void>

/** Faults of which each is over when it returns. */
const FAULTS: readonly Fault[] = [
  async ({ nodes, node, ms, log }) => {
    log(`node${node} is killed for ${Math.round(ms)} ms`)
    await nodes.down(node)
    await sleep(ms)
    nodes.up(node)
  },
  async ({ nodes, node, log }) => {
    log(`node${node} is restarted in order`)
    await nodes.down(node, 'SIGTERM')
    nodes.up(node)
  },
  async ({ nodes, node, ms, log }) => {
    log(`node${node} is stopped for ${Math.round(ms)} ms`)
    nodes.signal(node, 'SIGSTOP')
    await sleep(ms)
    nodes.signal(node, 'SIGCONT')
  },
  async ({ nodes, node, ms, log }) => {
    log(`node${node} is cut off from the other nodes for ${Math.round(ms)} ms`)
    await nodes.networks.cut(node, 'peers')
    await sleep(ms)
    await nodes.networks.mend(node, 'peers')
  },
  async ({ nodes, node, ms, log }) => {
    log(`node${node} is cut off from the log for ${Math.round(ms)} ms`)
    await nodes.networks.cut(node, 'engine')
    await sleep(ms)
    await nodes.networks.mend(node, 'engine')
  },
  async ({ nodes, node, ms, log }) => {
    log(`node${node} is alone for ${Math.round(ms)} ms`)
    for (const link of ['peers', 'engine'] as const) await nodes.networks.cut(node, link)
    await sleep(ms)
    for (const link of ['peers', 'engine'] as const) await nodes.networks.mend(node, link)
  },
  async ({ engine, random, ms, log }) => {
    const server = below(random, engine.servers)
    log(`server ${server} of the log is killed for ${Math.round(ms)} ms`)
    await engine.kill(server)
    await sleep(ms)
    await engine.up(server)
  },
]
