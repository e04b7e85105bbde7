import test, { type ExecutionContext } from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { allKnow, joinAll } from '../../helpers/mesh-nodes.ts'
import { leavesOf } from '../../helpers/replication.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'
import { TcpProxy } from '../../helpers/tcp-proxy.ts'

interface Mesh {
  readonly nodes: readonly RunningServer[]
  readonly proxies: readonly TcpProxy[]
}

/** Three members that hold `app-q`, each behind a proxy that can be cut. */
async function withMesh(timeoutMs: number, use: (mesh: Mesh) => Promise<void>): Promise<void> {
  const nodes: RunningServer[] = []
  const proxies: TcpProxy[] = []
  const settings = [{ section: 'mesh', key: 'quorum_timeout', value: String(timeoutMs) }]
  try {
    for (let n = 0; n < 3; n++) {
      nodes.push(await startServer({ memory: true, settings }))
      proxies.push(await TcpProxy.start(nodes[n]!.couchette.port))
    }
    await joinAll(
      nodes,
      () => '',
      node => `http://127.0.0.1:${proxies[nodes.indexOf(node)]!.port}`,
    )
    await allKnow(nodes)
    await call(nodes[0]!.url, 'PUT', '/app-q')
    for (const { url } of nodes)
      await eventually(
        'all know that all hold it',
        async () => (await call(url, 'GET', '/app-q/_quorum')).body.members === 3,
        { withinMs: 90_000 },
      )
    await use({ nodes, proxies })
  } finally {
    await Promise.all(nodes.map(node => node.close()))
    await Promise.all(proxies.map(proxy => proxy.close()))
  }
}

/** Writes in all other ways with `w=3`: each is at every member once it is answered. */
async function everyWayToWrite(t: ExecutionContext, nodes: readonly RunningServer[]): Promise<void> {
  const [{ url }] = nodes as [RunningServer]
  const revs = new Set<unknown>()
  const isEverywhere = async (what: string, id: string, { status, body }: Answered, wanted: number) => {
    t.is(status, wanted, what)
    for (const node of nodes) revs.add((await call(node.url, 'GET', `/app-q/${id}`)).body._rev)
    t.deepEqual([...revs], [body.rev ?? [...revs][0]], what)
    revs.clear()
    return String(body.rev)
  }
  const raw = { raw: 'text', headers: { 'content-type': 'text/plain' } }
  const put = await call<Rev>(url, 'PUT', '/app-q/ways/a.txt?w=3', raw)
  const first = await isEverywhere('upload', 'ways', put, 201)
  const more = await call<Rev>(url, 'PUT', `/app-q/ways/b.txt?w=3&rev=${first}`, raw)
  const second = await isEverywhere('upload', 'ways', more, 201)
  const copy = await call<Rev>(url, 'COPY', '/app-q/ways?w=3', { headers: { destination: 'copy' } })
  await isEverywhere('COPY', 'copy', copy, 201)
  const removed = await call<Rev>(url, 'DELETE', `/app-q/ways/a.txt?w=3&rev=${second}`)
  await isEverywhere('deleted attachment', 'ways', removed, 200)
  const updates = { u: 'function () { return [{ _id: "updated" }, ""] }' }
  await call(url, 'PUT', '/app-q/_design/d?w=3', { json: { updates } })
  const updated = await call<Rev>(url, 'POST', '/app-q/_design/d/_update/u?w=3')
  await isEverywhere('update function', 'updated', updated, 201)
}

interface Rev {
  readonly rev?: string
}

interface Answered {
  readonly status: number
  readonly body: Rev
}

test.serial(
  'w: 201 when so many have it, 202 with what was reached; r: merges, repairs, or is 503',
  async t => {
    await withMesh(3000, async ({ nodes, proxies }) => {
      const [a, b, c] = nodes as [RunningServer, RunningServer, RunningServer]
      const path = '/app-q/one'
      const all = await call<{ rev: string }>(a.url, 'PUT', `${path}?w=3`, { json: { n: 1 } })
      t.is(all.status, 201)
      for (const { url } of [b, c]) t.is((await call(url, 'GET', path)).body._rev, all.body.rev, 'at once')
      const file = { 'a.txt': { content_type: 'text/plain', data: 'aGVsbG8=' } }
      t.is((await call(a.url, 'PUT', '/app-q/file?w=3', { json: { _attachments: file } })).status, 201)
      t.is((await call<string>(c.url, 'GET', '/app-q/file/a.txt')).body, 'hello')
      const bulk = { docs: [{ _id: 'x' }, { _id: 'y' }], w: 3 }
      t.is((await call(b.url, 'POST', '/app-q/_bulk_docs', { json: bulk })).status, 201)
      t.is((await call(c.url, 'GET', '/app-q/y')).status, 200)
      await everyWayToWrite(t, nodes)
      t.is((await call(a.url, 'PUT', '/app-q/more?w=4', { json: {} })).status, 202, 'more than there are')
      t.is((await call(a.url, 'PUT', '/app-q/more?w=x', { json: {} })).status, 400)

      for (const proxy of proxies) proxy.cut()
      const alone = await call<{ rev: string }>(a.url, 'PUT', `${path}?w=2&rev=${all.body.rev}`, {
        json: { n: 2 },
      })
      t.is(alone.status, 202)
      const unread = await call(b.url, 'GET', `${path}?r=2`)
      t.is(unread.status, 503)
      t.is(unread.body.error, 'quorum_not_reached')
      for (const read of ['/app-q/file/b.txt?r=2', `${path}?r=2&open_revs=all`])
        t.is((await call(b.url, 'GET', read)).status, 503, read)
      const many = { json: { docs: [{ id: 'one' }, { id: 'x' }] } }
      t.is((await call(b.url, 'POST', '/app-q/_bulk_get?r=2', many)).status, 503)
      t.is((await call(b.url, 'POST', '/app-q/_bulk_get', many)).status, 200)
      const rev = (await call(a.url, 'GET', '/app-q/copy')).body._rev
      const removed = await call(a.url, 'DELETE', `/app-q/copy/b.txt?w=2&rev=${String(rev)}`)
      t.is(removed.status, 202, 'fewer members have it than asked for')
      t.is((await call(b.url, 'GET', path)).body.n, 1, 'without r it is answered as it is here')
      proxies[0]!.mend()
      // Of the others only a, which has the newer one, answers.
      await eventually(
        'b reads what a has',
        async () => (await call(b.url, 'GET', `${path}?r=2`)).body.n === 2,
        { withinMs: 90_000 },
      )
      for (const proxy of proxies) proxy.mend()
      t.is((await call(b.url, 'PUT', '/app-q/_quorum', { json: { w: 3, r: 3 } })).status, 200)
      t.is((await call(b.url, 'PUT', '/app-q/_quorum', { json: { w: 0 } })).status, 400)
      await eventually(
        'the default counts',
        async () => (await call(b.url, 'POST', '/app-q', { json: {} })).status === 201,
        { withinMs: 90_000 },
      )
      t.is((await call(b.url, 'GET', '/app-q/missing')).status, 404)
    })
  },
)

test.serial('r + w > n: reads find every write that was answered with 201, whatever is cut', async t => {
  await withMesh(3000, async ({ nodes, proxies }) => {
    let state = 5
    const random = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * limit)
    }
    const counts = { acknowledged: 0, accepted: 0, read: 0, unread: 0 }
    const acknowledged = new Map<string, string[]>()
    for (let round = 0; round < 16; round++) {
      const cut = random(2) === 0 ? proxies[random(3)] : undefined
      cut?.cut()
      const id = `doc-${random(4)}`
      const writer = nodes[random(3)]!.url
      const before = await call<{ _rev?: string }>(writer, 'GET', `/app-q/${id}`)
      const rev = before.status === 200 ? { _rev: before.body._rev } : {}
      const path = `/app-q/${id}?w=2`
      const written = await call<{ rev: string }>(writer, 'PUT', path, { json: { ...rev, round } })
      if (written.status === 201) {
        counts.acknowledged++
        acknowledged.set(id, [...(acknowledged.get(id) ?? []), written.body.rev])
      } else counts.accepted++
      const reader = nodes[random(3)]!.url
      const answer = await call(reader, 'GET', `/app-q/${id}?r=2`)
      if (answer.status === 503) counts.unread++
      else {
        counts.read++
        // Everything that was acknowledged is there now: as a leaf, or before one.
        const missing = await call(reader, 'POST', '/app-q/_revs_diff', {
          json: { [id]: acknowledged.get(id) ?? [] },
        })
        t.deepEqual(missing.body, {}, `round ${round}`)
      }
      cut?.mend()
    }
    t.true(counts.acknowledged > 0 && counts.read > 0, JSON.stringify(counts))
    t.is(Object.keys(await leavesOf(nodes[0]!.url, 'app-q')).length > 0, true)
  })
})
