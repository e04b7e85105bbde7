import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { report } from '../../helpers/cluster-nodes.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { ServerCluster, type ServerNode } from '../../helpers/server-cluster.ts'

const set = (key: string, value: number) => ({ section: 'cluster', key, value: String(value) })

/** The log is trimmed as soon as it can be. */
const TRIMMED = [set('trim_entries', 10), set('trim_interval', 20)]

const DATA = randomBytes(100_000).toString('base64')

async function write(node: ServerNode, prefix: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { status } = await call(node.url, 'PUT', `/db/${prefix}${n}`, { json: { n } })
    if (status !== 201) throw new Error(`answered ${status}`)
  }
}

async function feedOf({ url }: ServerNode): Promise<string> {
  return JSON.stringify((await call(url, 'GET', '/db/_changes')).body)
}

async function firstEntry(cluster: ServerCluster): Promise<number> {
  const { groups } = await report(await cluster.leader())
  return (groups[0] as unknown as Log).first ?? 1
}

interface Log {
  readonly checkpoint: number
  readonly first: number | null
}

interface Member {
  readonly node: string
  readonly position: number
  readonly too_far_behind: boolean
}

async function memberAt(leader: ServerNode, name: string): Promise<Member> {
  const { members } = await report(leader)
  return (members as unknown as Member[]).find(({ node }) => node === name)!
}

/** A node has all that another has: feed, attachment, and a setting whose entry the log no longer has. */
async function equals(t: ExecutionContext, node: ServerNode, other: ServerNode): Promise<void> {
  await eventually('the feeds are equal', async () => (await feedOf(node)) === (await feedOf(other)))
  const { body } = await call<{ _attachments: { file: { data: string } } }>(
    node.url,
    'GET',
    '/db/attached?attachments=true',
  )
  t.true(body._attachments.file.data === DATA)
  t.is(
    (await call<string>(node.url, 'GET', '/_node/_local/_config/couchdb/max_document_size')).body,
    '7000000',
  )
}

async function keyOf({ data }: ServerNode): Promise<string> {
  return readFile(join(data, 'credentials.key'), 'utf8')
}

/** Nodes without a key of credentials have the leader's; one that joins with another is refused until it is gone. */
async function sharesKey(t: ExecutionContext, cluster: ServerCluster): Promise<void> {
  const key = await keyOf(await cluster.leader())
  for (const node of cluster.nodes)
    await eventually(`${node.name} has the key`, async () => (await keyOf(node)) === key)
  const { url } = cluster.nodes[2]!
  const credentials = { url: 'https://db.example.org', username: 'copy', password: 'x' }
  t.is((await call(url, 'PUT', '/_credentials/prod', { json: credentials })).status, 201)
  const added = await cluster.add()
  await mkdir(added.data, { recursive: true })
  const file = join(added.data, 'credentials.key')
  await writeFile(file, `${'ab'.repeat(32)}\n`, { mode: 0o600 })
  await cluster.serve(added)
  await eventually('it is refused', async () => (await report(added)).state === 'stopped')
  t.regex((await report(added)).reason!, /^The key of credentials of this node is another than/)
  await cluster.shut(added)
  await rm(file)
  await cluster.open(added)
  await eventually('it has the key', async () => (await keyOf(added)) === key)
}

test('the log is trimmed by its slowest member; a lost disk, and a node that is too far behind, begin with a copy', async t => {
  t.timeout(120_000)
  const cluster = await ServerCluster.start({ settings: TRIMMED })
  try {
    const [one, two, three] = cluster.nodes as [ServerNode, ServerNode, ServerNode]
    t.is((await call(two.url, 'PUT', '/db')).status, 201)
    const _attachments = { file: { content_type: 'application/octet-stream', data: DATA } }
    t.is((await call(two.url, 'PUT', '/db/attached', { json: { _attachments } })).status, 201)
    const setting = '/_node/_local/_config/couchdb/max_document_size'
    t.is((await call(three.url, 'PUT', setting, { json: '7000000' })).status, 200)
    await write(one, 'a', 12)
    await eventually('the log is trimmed', async () => (await firstEntry(cluster)) > 1)

    // A member that is away for a moment is waited for.
    await cluster.shut(three)
    const { position } = await memberAt(await cluster.leader(), 'node3')
    await write(one, 'b', 25)
    await eventually('a checkpoint waits', async () => {
      const [{ checkpoint, first }] = (await report(await cluster.leader())).groups as unknown as [Log]
      return first !== null && checkpoint > first
    })
    t.true((await firstEntry(cluster)) <= position + 1)
    await cluster.open(three)
    await equals(t, three, one)
    await eventually('it goes on', async () => (await firstEntry(cluster)) > position + 1)

    // Its disk is lost: under its own name it takes a copy, and the log from there.
    await cluster.shut(three)
    await cluster.loseDisk(three)
    await cluster.open(three)
    await equals(t, three, one)
    await write(three, 'c', 3)

    // It is too far behind: the log is kept no longer for it, and it says what to do.
    await cluster.shut(three)
    for (const { url } of [one, two])
      await call(url, 'PUT', '/_node/_local/_config/cluster/drop_behind', { json: '20' })
    await write(two, 'd', 40)
    const behind = async (): Promise<boolean> =>
      (await memberAt(await cluster.leader(), 'node3')).too_far_behind
    await eventually('the log is kept no longer', behind)
    // What the other member last told of itself may be as old as this at first.
    const expected = { state: 'leader', reason: null, too_far_behind: ['node3'] }
    await eventually('the health says so', async () => {
      const { url } = await cluster.leader()
      const { body } = await call<{ cluster: object }>(url, 'GET', '/_node/_local/_health')
      return isDeepStrictEqual({ ...body.cluster, ...expected }, body.cluster)
    })
    await cluster.serve(three)
    await eventually('it stops', async () => (await report(three)).state === 'stopped')
    t.regex((await report(three)).reason!, /The log no longer has what this node lacks: .*cluster join/)
    t.is((await call(three.url, 'GET', '/_up')).status, 503)
    t.is((await call(three.url, 'GET', '/db/a0')).status, 200, 'reads go on')
    await cluster.shut(three)
    await cluster.loseDisk(three)
    await cluster.open(three)
    await equals(t, three, await cluster.leader())
    await eventually('the leader knows', async () => !(await behind()))
    await sharesKey(t, cluster)
  } finally {
    await cluster.close()
  }
})
