import test, { type ExecutionContext } from 'ava'
import { jobId } from '../../../protocol/replication-id.ts'
import { nodeOf } from '../../../server/cluster/service/job-nodes.ts'
import { placementKey } from '../../../server/replication/job-placement.ts'
import type { ReplicatorDocument } from '../../../server/replication/stored-documents.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { ServerCluster, type ServerNode } from '../../helpers/server-cluster.ts'

interface ShownJob {
  readonly doc_id: string
  readonly id: string | null
  readonly state: string
  readonly node?: string
}

interface Session {
  readonly start_last_seq: string | number
}

const DOCUMENTS = 20
const CONTINUOUS = jobId('' as never, { continuous: true, createTarget: true })

/** Returns a document that has a node run its job, by the name of its target, which begins with a prefix. */
function placedAt(
  node: string,
  nodes: readonly string[],
  prefix: string,
  document: (name: string) => object,
): [string, object] {
  for (let n = 0; ; n++) {
    const name = `${prefix}-${node}-${n}`
    const members = document(name) as Record<string, unknown>
    const key = placementKey({ database: '_replicator', id: name }, {
      members,
    } as unknown as ReplicatorDocument)
    if (key !== undefined && nodeOf(key, nodes) === node) return [name, members]
  }
}

async function shownJobs({ url }: ServerNode): Promise<ShownJob[]> {
  return (await call<{ docs: ShownJob[] }>(url, 'GET', '/_scheduler/docs')).body.docs
}

async function writeSource(url: string, prefix: string): Promise<void> {
  const docs = Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: `${prefix}${n}` }))
  await call(url, 'POST', '/source/_bulk_docs', { json: { docs } })
}

async function count(url: string, database: string): Promise<number> {
  return (await call<{ doc_count?: number }>(url, 'GET', `/${database}`)).body.doc_count ?? 0
}

/** All jobs run, each on the node that its key chooses among those given. */
async function spread(
  t: ExecutionContext,
  at: readonly ServerNode[],
  jobs: ReadonlyMap<string, string>,
): Promise<void> {
  for (const node of at)
    await eventually(`${node.name} shows all jobs at their nodes`, async () => {
      const shown = await shownJobs(node)
      return (
        shown.length === jobs.size &&
        shown.every(job => job.state === 'running' && job.node === jobs.get(job.doc_id))
      )
    })
  t.pass()
}

test('jobs are spread over the members, and go on from their checkpoints when one goes', async t => {
  t.timeout(120_000)
  const [cluster, other] = await Promise.all([
    ServerCluster.start({ settings: [{ section: 'cluster', key: 'jobs_timeout', value: '1500' }] }),
    startServer(),
  ])
  try {
    const names = cluster.nodes.map(({ name }) => name)
    const leader = await cluster.leader()
    const followers = cluster.nodes.filter(node => node !== leader)
    const [gone, kept] = followers as [ServerNode, ServerNode]
    await call(other.url, 'PUT', '/source')
    await writeSource(other.url, 'first')
    const between = (name: string): object => ({
      source: `${other.url}/source`,
      target: `${other.url}/${name}`,
      create_target: true,
      continuous: true,
      checkpoint_interval: 200,
    })
    const places = new Map<string, string>()
    for (const [index, node] of names.entries()) {
      const [name, document] = placedAt(node, names, 'on', between)
      places.set(name, node)
      const { url } = cluster.nodes[(index + 1) % names.length]!
      t.is((await call(url, 'PUT', `/_replicator/${name}`, { json: document })).status, 201)
    }
    await spread(t, cluster.nodes, places)
    for (const name of places.keys())
      await eventually(`${name} is filled`, async () => (await count(other.url, name)) === DOCUMENTS)

    // A job at a follower, which writes to the cluster under the follower's own URL, and records that it is over.
    const [once, inside] = placedAt(kept.name, names, 'once', name => ({
      source: `${other.url}/source`,
      target: `${kept.url}/${name}`,
      create_target: true,
    }))
    t.is((await call(leader.url, 'PUT', `/_replicator/${once}`, { json: inside })).status, 201)
    await eventually('the one-shot job is over', async () => {
      const { body } = await call<{ state?: string }>(gone.url, 'GET', `/_scheduler/docs/_replicator/${once}`)
      return body.state === 'completed'
    })
    t.is(await count(gone.url, once), DOCUMENTS)
    const { body: ended } = await call<{ _rev: string }>(kept.url, 'GET', `/_replicator/${once}`)
    t.is((await call(kept.url, 'DELETE', `/_replicator/${once}?rev=${ended._rev}`)).status, 200)

    const named = { source: 'nothing', target: 'nowhere' }
    const { body: refused } = await call<{ reason: string }>(kept.url, 'POST', '/_replicate', { json: named })
    t.true(refused.reason.includes(`http://${new URL(kept.url).host}/nothing/`), 'as the client knows it')

    await cluster.shut(gone)
    const left = names.filter(name => name !== gone.name)
    const moved = new Map<string, string>()
    for (const name of places.keys())
      moved.set(
        name,
        nodeOf(
          placementKey({ database: '_replicator', id: name }, { members: between(name) } as never)!,
          left,
        )!,
      )
    for (const [name, node] of places) if (node !== gone.name) t.is(moved.get(name), node, 'others stay')
    await spread(t, [leader, kept], moved)
    await writeSource(other.url, 'second')
    for (const name of places.keys())
      await eventually(`${name} goes on`, async () => (await count(other.url, name)) === 2 * DOCUMENTS)

    const jobs = await shownJobs(kept)
    for (const { doc_id: name, id } of jobs) {
      const path = `/${name}/_local/${id!.replace(CONTINUOUS, '')}`
      await eventually('the checkpoint is written', async () => {
        const { body } = await call<{ history?: Session[] }>(other.url, 'GET', path)
        const sessions = body.history ?? []
        const begins = sessions.map(({ start_last_seq: seq }) => Number.parseInt(String(seq)))
        // The first session begins at 0, those of other nodes where it ended.
        return (
          begins.filter(seq => seq === 0).length === 1 &&
          (places.get(name) !== gone.name || begins.length > 1)
        )
      })
    }
    const list = await call<{ jobs: ShownJob[] }>(kept.url, 'GET', '/_scheduler/jobs')
    t.deepEqual(list.body.jobs.map(job => job.node).sort(), [...moved.values()].sort())
    const tasks = await call<{ type: string; node: string }[]>(kept.url, 'GET', '/_active_tasks')
    t.is(tasks.body.filter(({ type }) => type === 'replication').length, places.size)
  } finally {
    await cluster.close()
    await other.close()
  }
})
