import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import {
  allEqual,
  allKnow,
  closeAll,
  joinAll,
  memberIdOf,
  meshCommand,
  meshOf,
  startNodes,
} from '../../helpers/mesh-nodes.ts'
import { leavesOf } from '../../helpers/replication.ts'
import type { RunningServer } from '../../helpers/server.ts'

const FAR = { withinMs: 90_000 }

async function withNodes(count: number, use: (nodes: RunningServer[]) => Promise<void>): Promise<void> {
  const nodes = await startNodes(count)
  try {
    await use(nodes)
  } finally {
    await closeAll(nodes)
  }
}

async function untilAt(nodes: readonly RunningServer[], path: string): Promise<void> {
  for (const { url } of nodes)
    await eventually(`${path} is at ${url}`, async () => (await call(url, 'GET', path)).status === 200, FAR)
}

async function tasksOf(url: string): Promise<readonly { readonly docs_written: number }[]> {
  return (await call<{ readonly docs_written: number }[]>(url, 'GET', '/_active_tasks')).body
}

test.serial(
  'three nodes that commands joined share databases, writes of all, and their security',
  async t => {
    await withNodes(3, async nodes => {
      const [a, b, c] = nodes as [RunningServer, RunningServer, RunningServer]
      await joinAll(nodes)
      await allKnow(nodes)
      await call(a.url, 'PUT', '/app-orders')
      await call(b.url, 'PUT', '/private')
      await call(a.url, 'PUT', '/app-orders/one', { json: { from: 'a' } })
      await call(a.url, 'PUT', '/app-orders/_design/d', { json: { views: {} } })
      await untilAt([b, c], '/app-orders/one')
      // Each node writes the same document, unseen by the others, and others.
      await Promise.all(
        nodes.map(async ({ url }, n) => {
          const docs = Array.from({ length: 30 }, (_, i) => ({ _id: `${n}-${i}`, n }))
          const same = { _id: 'same', _rev: `1-${String(n).repeat(32)}`, n }
          await call(url, 'POST', '/app-orders/_bulk_docs', { json: { docs: [same], new_edits: false } })
          await call(url, 'POST', '/app-orders/_bulk_docs', { json: { docs } })
        }),
      )
      const file = { 'a.txt': { content_type: 'text/plain', data: 'aGVsbG8=' } }
      await call(c.url, 'PUT', '/app-orders/file', { json: { _attachments: file } })
      const countAt = async ({ url }: RunningServer) => (await call(url, 'GET', '/app-orders')).body.doc_count
      for (const node of nodes)
        await eventually('all is there', async () => (await countAt(node)) === 94, FAR)
      await allEqual(nodes, 'app-orders')
      t.is((await leavesOf(a.url, 'app-orders')).same?.length, 3, 'the branches of all')
      // Jobs once took a database that was empty when they began to lack everything, and fetched what it had by then.
      for (const { url } of nodes)
        for (const { docs_written } of await tasksOf(url))
          t.true(docs_written <= 96 - 31, String(docs_written))
      t.is((await call<string>(a.url, 'GET', '/app-orders/file/a.txt')).body, 'hello')
      t.is((await call(a.url, 'GET', '/private')).status, 404)

      const security = { admins: { names: [], roles: [] }, members: { names: ['joe'], roles: [] } }
      await call(c.url, 'PUT', '/app-orders/_security', { json: security })
      for (const { url } of nodes)
        await eventually(
          'security is everywhere',
          async () => JSON.stringify((await call(url, 'GET', '/app-orders/_security')).body).includes('joe'),
          FAR,
        )
      t.regex(await meshCommand(b, 'status'), /Mesh shops, shares app-\*/)
    })
  },
)

test.serial(
  'an invitation works once and for a while, and joining needs the member that made it',
  async t => {
    await withNodes(3, async nodes => {
      const [a, b, c] = nodes as [RunningServer, RunningServer, RunningServer]
      const join = (node: RunningServer, at: RunningServer, token: string) =>
        call(node.url, 'POST', '/_mesh/join', { json: { at: at.couchette.url, token } })
      const invite = (lifetime: number) =>
        call<{ token: string }>(a.url, 'POST', '/_mesh/invitations', { json: { lifetime } })
      t.is((await invite(60)).status, 404, 'no mesh yet')
      await meshCommand(a, 'create', 'shops')
      t.is((await call(a.url, 'PUT', '/_mesh', { json: { name: 'again' } })).status, 412)
      const token = await meshCommand(a, 'invite')
      const other = token.replace(/.$/, end => (end === 'x' ? 'y' : 'x'))
      t.is((await join(b, a, other)).status, 502, 'another secret')
      t.is((await join(b, c, token)).status, 502, 'the node is in no mesh')
      t.is((await join(b, a, 'token')).status, 400)
      t.is((await join(b, a, token)).status, 201)
      t.is((await join(b, a, token)).status, 412, 'it is in the mesh')
      const again = await join(c, a, token)
      t.is(again.status, 502)
      t.regex(String(again.body.reason), /unknown, or was used before/)
      const late = await join(c, a, (await invite(0.001)).body.token)
      t.regex(String(late.body.reason), /is over/)
      t.is((await invite(1e9)).status, 400)
      await allKnow([a, b], 2)
      const paths = ['/_mesh', '/_mesh_members/_all_docs?include_docs=true', '/_scheduler/jobs']
      const shown = await Promise.all(paths.map(async path => (await call(a.url, 'GET', path)).body))
      t.notRegex(JSON.stringify(shown), /"d":/, 'no private key')
    })
  },
)

test.serial('a member that is removed loses access at once, one that leaves is forgotten', async t => {
  await withNodes(3, async nodes => {
    const [a, b, c] = nodes as [RunningServer, RunningServer, RunningServer]
    await joinAll(nodes)
    await allKnow(nodes)
    await call(a.url, 'PUT', '/app-x')
    await call(a.url, 'PUT', '/app-x/before', { json: {} })
    await untilAt([b, c], '/app-x/before')
    await meshCommand(a, 'remove', await memberIdOf(b))
    await allKnow([a, c], 2)
    await call(a.url, 'PUT', '/app-x/after', { json: {} })
    await untilAt([c], '/app-x/after')
    await eventually(
      'the removed node is told',
      async () => /is not in this mesh/.test(String((await call(b.url, 'GET', '/_mesh')).body.refused)),
      FAR,
    )
    t.is((await call(b.url, 'GET', '/app-x/after')).status, 404)
    await call(b.url, 'PUT', '/app-x/from-removed', { json: {} })
    await meshCommand(c, 'leave')
    await allKnow([a], 1)
    t.is((await call(c.url, 'GET', '/_mesh')).status, 404)
    t.is((await call(c.url, 'GET', '/app-x/after')).status, 200, 'databases stay')
    t.is((await call(a.url, 'GET', '/app-x/from-removed')).status, 404)
    t.is((await meshOf(a))[0]?.self, true)
  })
})
