import test, { type ExecutionContext } from 'ava'
import { type ClusterNode, TestCluster } from '../../helpers/cluster-nodes.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { HaProxy } from './haproxy.ts'
import { NatsCluster } from './nats-cluster.ts'
import { PostgresPair } from './postgres-pair.ts'

const DOCUMENTS = 20
const JOBS = ['copy1', 'copy2', 'copy3']
const WITHIN = { withinMs: 90_000 }

interface Row {
  readonly seq: string
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
}

interface Feed {
  readonly results: readonly Row[]
  readonly last_seq: string
}

/** Writes documents one after the other; what gets no answer for the moment is asked again, as clients do. */
async function write(url: string, prefix: string): Promise<void> {
  for (let n = 0; n < DOCUMENTS; n++)
    await eventually(
      `${prefix}${n} is written`,
      async () => {
        const answer = await call(url, 'PUT', `/db/${prefix}${n}`, { json: { n } }).catch(() => undefined)
        return answer?.status === 201 || answer?.status === 409
      },
      WITHIN,
    )
}

/** A client that reads the feed for as long as it is told to, and goes on where it was after each answer. */
class FeedReader {
  readonly rows: Row[] = []
  readonly #done: Promise<void>
  readonly #stop = new AbortController()

  constructor(url: string) {
    this.#done = this.#read(url)
  }

  /** Waits for a document, and ends. */
  async until(id: string): Promise<void> {
    await eventually(`the feed has ${id}`, () => this.rows.some(row => row.id === id), WITHIN)
    await this.close()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #read(url: string): Promise<void> {
    const { signal } = this.#stop
    for (let since = '0'; !signal.aborted;) {
      const path = `/db/_changes?feed=longpoll&timeout=1000&since=${encodeURIComponent(since)}`
      const answer = await call<Feed>(url, 'GET', path, { signal }).catch(() => undefined)
      if (answer?.status !== 200) continue
      this.rows.push(...answer.body.results)
      since = answer.body.last_seq
    }
  }
}

/** A node that dies costs a balancer's clients a pause: nothing acknowledged, no row of a feed and no checkpoint is lost. */
async function survivesLeader(t: ExecutionContext, log: string): Promise<void> {
  const cluster = await TestCluster.start(log, { settings: { 'cluster/jobs_timeout': '2000' } })
  t.teardown(() => cluster.close())
  const proxy = await HaProxy.start(cluster.nodes.map(({ url }) => url))
  t.teardown(() => proxy.close())
  const other = await startServer()
  t.teardown(() => other.close())
  t.is((await call(proxy.url, 'PUT', '/db')).status, 201)
  await write(proxy.url, 'before')
  for (const target of JOBS) {
    const job = {
      source: `${proxy.url}/db`,
      target: `${other.url}/${target}`,
      create_target: true,
      continuous: true,
      checkpoint_interval: 500,
    }
    t.is((await call(proxy.url, 'PUT', `/_replicator/${target}`, { json: job })).status, 201)
  }
  await copied(other.url, DOCUMENTS)
  for (const target of JOBS)
    await eventually(
      'there is a checkpoint',
      async () => (await sessions(proxy.url, other.url, target)).length > 0,
    )
  const reader = new FeedReader(proxy.url)
  t.teardown(() => reader.close())

  const leader = await cluster.leader()
  await leader.server.kill()
  await write(proxy.url, 'after')
  t.not((await cluster.leader([leader])).name, leader.name)
  await reader.until(`after${DOCUMENTS - 1}`)
  const numbers = reader.rows.map(({ seq }) => Number.parseInt(seq))
  t.deepEqual(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
    'sequences rise, whoever answers',
  )
  t.is(new Set(reader.rows.map(({ id }) => id)).size, 2 * DOCUMENTS)
  for (const row of reader.rows)
    t.is((await call(proxy.url, 'GET', `/db/${row.id}?rev=${row.changes[0]!.rev}`)).status, 200)

  // HAProxy has left the dead node out: no request meets it.
  for (let n = 0; n < 20; n++) t.is((await call(proxy.url, 'GET', '/db/before0')).status, 200)
  await copied(other.url, 2 * DOCUMENTS)
  for (const target of JOBS)
    await eventually('jobs went on from their checkpoints', async () => {
      const begins = await sessions(proxy.url, other.url, target)
      return begins.filter(seq => seq === 0).length === 1
    })
  await comesBack(t, cluster, leader)
}

async function copied(url: string, count: number): Promise<void> {
  for (const name of JOBS)
    await eventually(
      `${name} has all documents`,
      async () => (await call<{ doc_count?: number }>(url, 'GET', `/${name}`)).body.doc_count === count,
      WITHIN,
    )
}

/** Returns the sequences at which the sessions of a job began. */
async function sessions(at: string, target: string, id: string): Promise<number[]> {
  const { body: job } = await call<{ id?: string | null }>(at, 'GET', `/_scheduler/docs/_replicator/${id}`)
  const replication = job.id?.split('+')[0]
  if (replication === undefined) return []
  const path = `/${id}/_local/${replication}`
  const { body } = await call<{ history?: { start_last_seq: string | number }[] }>(target, 'GET', path)
  return (body.history ?? []).map(({ start_last_seq: seq }) => Number.parseInt(String(seq)))
}

/** Returns the status of an answer; 0 where there is none. */
async function statusOf(url: string, path: string): Promise<number> {
  return (await call(url, 'GET', path).catch(() => undefined))?.status ?? 0
}

async function comesBack(t: ExecutionContext, cluster: TestCluster, node: ClusterNode): Promise<void> {
  await cluster.restart(node)
  await eventually(
    'it has what was written meanwhile',
    async () => (await statusOf(node.url, `/db/after${DOCUMENTS - 1}`)) === 200,
    WITHIN,
  )
  await eventually('it takes requests again', async () => (await statusOf(node.url, '/_up')) === 200)
  t.pass()
}

test.serial(
  'HAProxy in front of three nodes over PostgreSQL with a synchronous standby: the leader dies',
  async t => {
    t.timeout(300_000)
    const pair = await PostgresPair.start()
    t.teardown(() => pair.close())
    await survivesLeader(t, pair.bothUrl)
  },
)

test.serial('HAProxy in front of three nodes over three servers of NATS: the leader dies', async t => {
  t.timeout(300_000)
  const nats = await NatsCluster.start()
  t.teardown(() => nats.close())
  await survivesLeader(t, nats.url)
})
