import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { type ClusterNode, report, TestCluster } from '../../helpers/cluster-nodes.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { type Postgres, postgresBinaries, startPostgres } from '../../helpers/postgres.ts'

interface Changes {
  readonly results: readonly { readonly seq: string; readonly id: string }[]
  readonly last_seq: string
}

const binaries = postgresBinaries()
const withPostgres = binaries === undefined ? test.skip : test.serial

async function changesOf(node: ClusterNode, database: string): Promise<string[]> {
  const { body } = await call<Changes>(node.url, 'GET', `/${database}/_changes`)
  return body.results.map(({ seq, id }) => `${seq} ${id}`)
}

/** Writes documents, one after the other, at the nodes in turn; what is refused for the moment is tried again. */
async function writeDocuments(
  nodes: readonly ClusterNode[],
  database: string,
  ids: readonly string[],
): Promise<void> {
  for (const [index, id] of ids.entries()) {
    const node = nodes[index % nodes.length]!
    await eventually(`${id} is written`, async () => {
      const { status } = await call(node.url, 'PUT', `/${database}/${id}`, { json: { index } })
      // A write without an answer may have happened.
      return status === 201 || status === 409
    })
  }
}

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`)

/** A leader that is stopped and continued: what it writes then is refused, or is answered by the next leader. */
async function goesOnWithoutStoppedLeader(t: ExecutionContext, cluster: TestCluster): Promise<void> {
  const stopped = await cluster.leader()
  process.kill(stopped.server.pid, 'SIGSTOP')
  const next = await cluster.leader([stopped])
  t.not(next.name, stopped.name)
  await writeDocuments(cluster.others(stopped), 'of-node1', names('meanwhile', 4))
  process.kill(stopped.server.pid, 'SIGCONT')
  const { status, headers } = await call(stopped.url, 'PUT', '/of-node1/continued', { json: {} })
  t.true(status === 201 || (status === 503 && headers['retry-after'] !== undefined), `answered ${status}`)
  t.is(
    (await call(stopped.url, 'GET', '/of-node1/meanwhile3')).status,
    200,
    'nothing is missing that others wrote',
  )
  const feed = JSON.stringify(await changesOf(next, 'of-node1'))
  await eventually(
    'the histories are one',
    async () => JSON.stringify(await changesOf(stopped, 'of-node1')) === feed,
  )
}

/** The log is unreachable: reads go on, writes are refused, and nothing has to be started again. */
async function refusesWritesWithoutLog(
  t: ExecutionContext,
  cluster: TestCluster,
  postgres: Postgres,
): Promise<void> {
  await postgres.stop()
  for (const { url } of cluster.nodes) {
    const { status, headers } = await call(url, 'PUT', '/of-node1/refused', { json: {} })
    t.is(status, 503)
    t.is(headers['retry-after'], '1')
    t.is((await call(url, 'GET', '/of-node1/doc1')).status, 200)
    t.is((await call(url, 'GET', '/of-node1/_changes')).status, 200)
    await eventually(
      'balancers leave the node out',
      async () => (await call(url, 'GET', '/_up')).status === 503,
    )
  }
  await postgres.start()
  await writeDocuments(cluster.nodes, 'of-node1', names('again', 3))
  for (const { url } of cluster.nodes)
    await eventually('balancers take the node', async () => (await call(url, 'GET', '/_up')).status === 200)
}

withPostgres(
  'three nodes share one history, and go on without the one that led, and without their log for a while',
  async t => {
    t.timeout(600_000)
    const postgres = await startPostgres(binaries!)
    const cluster = await TestCluster.start(postgres.url)
    try {
      const { nodes } = cluster
      for (const node of nodes) {
        const created = await call(node.url, 'PUT', `/of-${node.name}`)
        t.is(created.status, 201)
        t.is((await call(node.url, 'GET', `/of-${node.name}`)).status, 200, 'a node reads its own writes')
      }
      t.is((await call(nodes[1]!.url, 'PUT', '/of-node1')).status, 412)
      for (const [index, node] of nodes.entries()) {
        const put = await call<{ rev: string }>(node.url, 'PUT', `/of-node1/doc${index}`, {
          json: { from: node.name },
        })
        t.is(put.status, 201)
        const got = await call<{ _rev: string }>(node.url, 'GET', `/of-node1/doc${index}`)
        t.is(got.body._rev, put.body.rev)
        for (const other of nodes)
          t.is(
            (await call(other.url, 'GET', `/of-node1/doc${index}?rev=${put.body.rev}`)).status,
            200,
            'others have it',
          )
      }
      await writeDocuments(nodes, 'of-node1', names('doc', 20))
      const data = randomBytes(300_000).toString('base64')
      const attached = { _attachments: { file: { content_type: 'application/octet-stream', data } } }
      t.is((await call(nodes[1]!.url, 'PUT', '/of-node1/attached', { json: attached })).status, 201)
      for (const { url } of nodes) {
        const got = await call<typeof attached>(url, 'GET', '/of-node1/attached?attachments=true')
        t.true(got.body._attachments.file.data === data, 'large attachments are on each node')
      }

      const leader = await cluster.leader()
      const others = cluster.others(leader)
      const before = await changesOf(leader, 'of-node1')
      await eventually('the feeds are equal', async () => {
        const feeds = await Promise.all(nodes.map(node => changesOf(node, 'of-node1')))
        return feeds.every(feed => JSON.stringify(feed) === JSON.stringify(before))
      })

      await leader.server.kill()
      const next = await cluster.leader([leader])
      await writeDocuments(others, 'of-node1', names('after', 10))
      // On a busy machine the leadership may have moved on: a follower is late.
      await eventually(
        'the feed has what was written',
        async () => (await changesOf(next, 'of-node1')).length === before.length + 10,
      )
      const feed = await changesOf(next, 'of-node1')
      t.deepEqual(
        feed.slice(0, before.length),
        before,
        'nothing that was acknowledged is lost, and no sequence has changed',
      )

      await cluster.restart(leader)
      await eventually('the killed node catches up', async () => {
        return JSON.stringify(await changesOf(leader, 'of-node1')) === JSON.stringify(feed)
      })
      t.is((await report(leader)).state, 'follower')
      const members = await call<{ all_nodes: string[] }>(leader.url, 'GET', '/_membership')
      t.deepEqual(members.body.all_nodes, ['node1', 'node2', 'node3'])

      await goesOnWithoutStoppedLeader(t, cluster)
      await refusesWritesWithoutLog(t, cluster, postgres)
    } finally {
      await cluster.close()
      await postgres.close()
    }
  },
)
