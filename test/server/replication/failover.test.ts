import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { PouchDB } from '../../helpers/pouch.ts'
import { startServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

const SOON = { withinMs: 90_000 }
const FAST = [
  { section: 'replicator', key: 'checkpoint_interval', value: '500' },
  { section: 'replicator', key: 'crash_backoff', value: '200' },
]

/** An address that clients keep, while what is behind it changes. */
async function startFront(first: number) {
  let port = first
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const behind = connect(port, '127.0.0.1')
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        client.destroy()
        behind.destroy()
      })
    }
    client.pipe(behind).pipe(client)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://admin:pass@127.0.0.1:${(server.address() as AddressInfo).port}`,
    turnTo: (to: number) => {
      port = to
      cut()
    },
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      cut()
      await closed
    },
  }
}

async function addDocuments(url: string, from: number, count: number): Promise<void> {
  const docs = Array.from({ length: count }, (_, n) => ({ _id: `doc${from + n}`, n }))
  await call(url, 'POST', '/app/_bulk_docs', { json: { docs } })
}

/** The checkpoints in a database, without their revisions, which each database counts by itself. */
async function checkpoints(url: string): Promise<Map<string, string>> {
  const { body } = await call<{ rows: { id: string; doc: object }[] }>(
    url,
    'GET',
    '/app/_local_docs?include_docs=true',
  )
  return new Map(body.rows.map(({ id, doc }) => [id, JSON.stringify({ ...doc, _rev: undefined })]))
}

const updateSeq = async (url: string): Promise<number> =>
  Number.parseInt((await call<{ update_seq: string }>(url, 'GET', '/app')).body.update_seq, 10)

test('clients of a leader go on at its promoted follower, and receive what they lack and little more', async t => {
  const [leader, follower, third, dir] = await Promise.all([
    startServer(),
    startServer({ settings: FAST }),
    startServer({ settings: FAST }),
    tempDir(),
  ])
  const front = await startFront(leader.couchette.port)
  const remote = new PouchDB(`${front.url}/app`)
  const local = new PouchDB(join(dir.path, randomBytes(4).toString('hex')))
  const job = {
    source: `${front.url}/app`,
    target: `${third.url}/app`,
    continuous: true,
    create_target: true,
  }
  const read = async (): Promise<number> => {
    const path = '/_scheduler/docs/_replicator/job'
    const { body } = await call<{ info?: { revisions_checked?: number } }>(third.url, 'GET', path)
    return body.info?.revisions_checked ?? 0
  }
  const arrived = (url: string, id: string) => async () =>
    (await call(url, 'GET', `/app/${id}`)).status === 200
  try {
    await call(leader.url, 'PUT', '/app')
    await addDocuments(leader.url, 0, 3000)
    await call(follower.url, 'PUT', '/app/_follower', { json: { source: `${leader.url}/app` } })
    await call(third.url, 'PUT', '/_replicator/job', { json: job })
    t.is((await PouchDB.replicate(remote, local, { batch_size: 1000 })).docs_written, 3000)
    await eventually(
      'the third has all, and its checkpoint says so',
      async () => JSON.stringify([...(await checkpoints(third.url))]).includes(`3000-`),
      SOON,
    )
    await eventually('the follower has all', async () => (await updateSeq(follower.url)) >= 3000, SOON)
    const wanted = await updateSeq(leader.url)
    await eventually(
      'the follower knows the sequences of its leader, and has the checkpoints of clients',
      async () => {
        const { body } = await call<{ takes_over: { through: number; complete: boolean } }>(
          follower.url,
          'GET',
          '/app/_follower',
        )
        const [there, here] = await Promise.all([checkpoints(leader.url), checkpoints(follower.url)])
        const isCopied = [...there].every(([id, text]) => here.get(id) === text)
        return there.size >= 3 && isCopied && body.takes_over.through === wanted
      },
      SOON,
    )
    const before = await read()
    // Clients have not seen these, the follower has.
    front.turnTo(1)
    await addDocuments(leader.url, 3000, 200)
    await eventually('the follower has the rest', arrived(follower.url, 'doc3199'), SOON)
    await leader.close()
    t.is((await call(follower.url, 'DELETE', '/app/_follower')).status, 200)
    front.turnTo(follower.couchette.port)
    await addDocuments(follower.url, 3200, 5)

    const again = await PouchDB.replicate(remote, local)
    t.is(again.docs_written, 205)
    t.true(again.docs_read < 1000, `PouchDB read ${again.docs_read}`)
    await eventually('the job goes on', arrived(third.url, 'doc3204'), SOON)
    t.true((await read()) - before < 1000, 'the job checked few revisions again')
    t.is((await local.allDocs()).rows.length, 3205)
    const { body } = await call<{ doc_count: number }>(third.url, 'GET', '/app')
    t.is(body.doc_count, 3205)
  } finally {
    await local.close()
    await remote.close()
    await third.close()
    await front.close()
    await follower.close()
    await leader.close()
    await dir.remove()
  }
})
