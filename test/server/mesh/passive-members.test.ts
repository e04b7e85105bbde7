import test from 'ava'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { allKnow, closeAll, joinAll, meshCommand, startNodes } from '../../helpers/mesh-nodes.ts'
import { converged, leavesOf } from '../../helpers/replication.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

const FAR = { withinMs: 90_000 }

/** Paths that a CouchDB has: others are not found, and noted. */
const OF_COUCHDB =
  /^\/($|_all_dbs|_session|[a-z][^/?]*\/?($|\?|_changes|_revs_diff|_bulk_get|_bulk_docs|_local|_ensure_full_commit|_design\/|[^_]))/

interface CouchDb {
  /** Without credentials. */
  readonly url: string
  /** With those of the administrator; not through the proxy. */
  readonly direct: string
  /** Requests for what CouchDB does not have. */
  readonly strange: string[]
  close(): Promise<void>
}

/** A server that is in no mesh, behind a proxy that lets through what CouchDB has. */
async function startCouchDb(): Promise<CouchDb> {
  const server = await startServer({ memory: true })
  const strange: string[] = []
  const proxy = createServer((req, res) => {
    const path = req.url ?? '/'
    if (!OF_COUCHDB.test(path)) {
      strange.push(path)
      res.writeHead(404).end('{"error":"not_found","reason":"missing"}')
      return
    }
    const options = {
      host: '127.0.0.1',
      port: server.couchette.port,
      path,
      method: req.method,
      headers: req.headers,
    }
    const upstream = request(options, answer => {
      res.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(res)
    })
    upstream.on('error', () => res.destroy())
    res.on('close', () => upstream.destroy())
    req.pipe(upstream)
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, direct: server.url, strange, close: () => stop(proxy, server) }
}

async function stop(proxy: Server, server: RunningServer): Promise<void> {
  proxy.closeAllConnections()
  await new Promise(resolve => proxy.close(resolve))
  await server.close()
}

interface Passive {
  readonly name: string
  readonly host: boolean
  readonly answers: boolean | null
  readonly holds: readonly string[]
}

async function passiveAt({ url }: RunningServer): Promise<Passive | undefined> {
  return (await call<{ passive: Passive[] }>(url, 'GET', '/_mesh')).body.passive[0]
}

test.serial(
  'a CouchDB is a passive member: of the mesh, of its quorums, and another host takes over',
  async t => {
    const nodes: RunningServer[] = []
    const couch = await startCouchDb()
    try {
      nodes.push(...(await startNodes(2)))
      const [a, b] = nodes as [RunningServer, RunningServer]
      await joinAll(nodes)
      await allKnow(nodes)
      await call(couch.direct, 'PUT', '/app-old')
      await call(couch.direct, 'PUT', '/private')
      await call(couch.direct, 'PUT', '/app-old/one', { json: { at: 'couch' } })

      const path = '/_mesh/passive/old'
      t.is((await call(a.url, 'PUT', path, { json: { url: couch.url, credentials: 'old' } })).status, 400)
      const secret = { url: couch.url, username: 'admin', password: 'pass' }
      for (const { url } of nodes) await call(url, 'PUT', '/_credentials/old', { json: secret })
      t.is((await call(a.url, 'PUT', path, { json: { url: 'couch', credentials: 'old' } })).status, 400)
      for (const node of nodes) {
        await eventually(
          'it is taken in',
          async () => (await meshCommand(node, 'add-passive', 'old', couch.url)).includes('can replicate'),
          FAR,
        )
        // The second host adds itself to what the first one wrote.
        for (const other of nodes)
          await eventually('all know it', async () => (await passiveAt(other)) !== undefined, FAR)
      }
      for (const { url } of nodes)
        await eventually(
          'it is here',
          async () => (await call(url, 'GET', '/app-old/one')).status === 200,
          FAR,
        )
      t.is((await call(a.url, 'GET', '/private')).status, 404, 'it is not shared')
      await call(b.url, 'PUT', '/app-new')
      await call(b.url, 'PUT', '/app-new/two', { json: { at: 'b' } })
      await eventually(
        'it is at the CouchDB, which lacked the database',
        async () => (await call(couch.direct, 'GET', '/app-new/two')).status === 200,
        FAR,
      )
      await eventually(
        'all hold it',
        async () => {
          const answers = await Promise.all(nodes.map(({ url }) => call(url, 'GET', '/app-new/_quorum')))
          return answers.every(({ body }) => body.members === 3)
        },
        FAR,
      )
      const written = await call(a.url, 'PUT', '/app-new/three?w=3', { json: {} })
      t.is(written.status, 201)
      t.is((await call(couch.direct, 'GET', '/app-new/three')).body._rev, written.body.rev, 'at once')
      const status = await meshCommand(a, 'status')
      t.regex(status, /passive +old/)

      // One of the two is the host: where it goes, the other one takes over.
      const hosts = await Promise.all(nodes.map(async node => (await passiveAt(node))?.host === true))
      t.is(hosts.filter(isHost => isHost).length, 1)
      const other = hosts[0] === true ? b : a
      await nodes.splice(hosts[0] === true ? 0 : 1, 1)[0]!.close()
      await call(couch.direct, 'PUT', '/app-new/four', { json: {} })
      await eventually(
        'the other host brings it',
        async () => (await call(other.url, 'GET', '/app-new/four')).status === 200,
        FAR,
      )
      await converged(couch.direct, other.url, 'app-new')
      t.is(Object.keys(await leavesOf(couch.direct, 'app-new')).length, 3)
      t.deepEqual(couch.strange, [])
      await meshCommand(other, 'remove-passive', 'old')
      await eventually('it is none any more', async () => (await passiveAt(other)) === undefined, FAR)
    } finally {
      await closeAll(nodes)
      await couch.close()
    }
  },
)
