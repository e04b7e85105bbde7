import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import test from 'ava'
import { target } from '../../../harness/client.ts'
import { startBalancer } from '../../helpers/balancer.ts'
import { report } from '../../helpers/cluster-nodes.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { laggingLog } from '../../helpers/lagging-log.ts'
import { type Pouch, PouchDB } from '../../helpers/pouch.ts'
import { startServer } from '../../helpers/server.ts'
import { ServerCluster, type ServerNode } from '../../helpers/server-cluster.ts'
import { tempDir } from '../../helpers/temp.ts'

const LAG_MS = 1000
const DOCUMENTS = 12

interface Row {
  readonly seq: string
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
}

interface Feed {
  readonly results: readonly Row[]
  readonly last_seq: string
}

/** Returns all leaves of all documents: "id rev rev". */
async function leavesOf(url: string, database: string): Promise<string[]> {
  const { body } = await call<Partial<Feed>>(url, 'GET', `/${database}/_changes?style=all_docs`)
  // A job has not made its target yet.
  return (body.results ?? [])
    .map(({ id, changes }) => [id, ...changes.map(({ rev }) => rev).sort()].join(' '))
    .sort()
}

/** Writes documents, edits and conflicts, and each request goes to another node. */
async function write(url: string): Promise<void> {
  for (let n = 0; n < DOCUMENTS; n++) {
    const put = await call<{ rev: string }>(url, 'PUT', `/db/doc${n}`, { json: { n } })
    const edited = await call(url, 'PUT', `/db/doc${n}?rev=${put.body.rev}`, { json: { n, edited: true } })
    const json = { docs: [{ _id: `doc${n}`, _rev: `1-${'a'.repeat(32)}`, other: n }], new_edits: false }
    const grafted = await call(url, 'POST', '/db/_bulk_docs', { json })
    if (put.status !== 201 || edited.status !== 201 || grafted.status !== 201)
      throw new Error(`answered ${put.status}, ${edited.status}, ${grafted.status}`)
  }
}

/** Reads a feed in pages, each at another node, until it has reached a sequence. @returns rows in the order they came */
async function readFeed(url: string, until: () => number): Promise<Row[]> {
  const rows: Row[] = []
  for (let since = '0'; Number.parseInt(since) < until();) {
    const path = `/db/_changes?style=all_docs&limit=5&feed=longpoll&timeout=500&since=${encodeURIComponent(since)}`
    const { status, body } = await call<Feed>(url, 'GET', path)
    if (status !== 200) throw new Error(`answered ${status}`)
    rows.push(...body.results)
    since = body.last_seq
  }
  return rows
}

async function allLeavesOf(pouch: Pouch): Promise<string[]> {
  const { rows } = await pouch.allDocs()
  const leaves = await Promise.all(
    rows.map(async ({ id, value }) => {
      const { _conflicts = [] } = await pouch.get(id, { conflicts: true })
      return [id, ...[value.rev, ..._conflicts].sort()].join(' ')
    }),
  )
  return leaves.sort()
}

test('replicators and feeds miss nothing and go back nowhere at a balancer over nodes of which one lags', async t => {
  t.timeout(120_000)
  const [cluster, other, dir] = await Promise.all([
    ServerCluster.start({
      settings: [{ section: 'cluster', key: 'max_lag', value: '500' }],
      connect: (log, node) => (node === 'node3' ? laggingLog(log, LAG_MS) : log),
    }),
    startServer(),
    tempDir(),
  ])
  const balancer = await startBalancer(cluster.nodes.map(({ url }) => url))
  const local = new PouchDB(join(dir.path, 'pouch'))
  let isWritten = false
  try {
    const { url } = balancer
    const [one, , late] = cluster.nodes as [ServerNode, ServerNode, ServerNode]
    t.is((await call(url, 'PUT', '/db')).status, 201)
    const job = { source: `${url}/db`, target: 'copy', create_target: true, continuous: true }
    t.is((await call(other.url, 'POST', '/_replicate', { json: job })).status, 202)
    let last = Infinity
    const [rows, passes] = await Promise.all([
      readFeed(url, () => last),
      pull(local, `${url}/db`, () => isWritten),
      write(url).then(async () => {
        const { body } = await call<Feed>(one.url, 'GET', '/db/_changes')
        last = Number.parseInt(body.last_seq)
        isWritten = true
      }),
    ])

    const leaves = await leavesOf((await cluster.leader()).url, 'db')
    t.is(leaves.length, DOCUMENTS)
    const numbers = rows.map(({ seq }) => Number.parseInt(seq))
    t.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
      'sequences rise, whoever answers',
    )
    const seen = new Map(
      rows.map(({ id, changes }) => [id, [id, ...changes.map(({ rev }) => rev).sort()].join(' ')]),
    )
    t.deepEqual([...seen.values()].sort(), leaves, 'the feed shows the last state of all')
    t.deepEqual(await allLeavesOf(local), leaves, 'PouchDB has all leaves')
    t.true(
      passes.every((read, index) => index === 0 || read <= 2 * DOCUMENTS),
      'no pass begins again',
    )
    await eventually(
      'the replicator has all leaves',
      async () => JSON.stringify(await leavesOf(other.url, 'copy')) === JSON.stringify(leaves),
    )

    t.is((await call(late.url, 'GET', '/_up')).status, 503, 'balancers may leave it out')
    t.true((await report(late)).lag_ms! > 500)

    for (const node of cluster.nodes)
      t.is(
        await reasonWithoutBody(node.url),
        'Missing request body',
        'no body is no empty one, forwarded or not',
      )
  } finally {
    await local.close()
    await balancer.close()
    await other.close()
    await cluster.close()
    await dir.remove()
  }
})

/** Returns the reason for which a write with neither a length nor a transfer encoding is refused. */
async function reasonWithoutBody(url: string): Promise<unknown> {
  const { origin, headers } = target(url)
  const sent = request(`${origin}/db/_bulk_docs`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
  })
  sent.useChunkedEncodingByDefault = false
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return ((await json(answer)) as { reason: unknown }).reason
}

/** Replicates again and again, and once more when all is written. @returns the documents read in each pass */
async function pull(local: Pouch, source: string, isWritten: () => boolean): Promise<number[]> {
  const remote = new PouchDB(source)
  const read: number[] = []
  try {
    for (let isLast = false; !isLast;) {
      isLast = isWritten()
      read.push((await PouchDB.replicate(remote, local, { retry: false })).docs_read)
    }
    return read
  } finally {
    await remote.close()
  }
}
