import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { RestartableNode } from '../../helpers/faults/restartable.ts'
import { call } from '../../helpers/http.ts'
import { PouchDB } from '../../helpers/pouch.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'
import { runCli } from '../../cli/run-cli.ts'

interface Two {
  readonly leader: RunningServer
  readonly follower: RunningServer
}

const FAST = [{ section: 'replicator', key: 'checkpoint_interval', value: '200' }]

async function withTwo(use: (two: Two) => Promise<void>): Promise<void> {
  const [leader, follower] = await Promise.all([startServer(), startServer({ settings: FAST })])
  try {
    await use({ leader, follower })
  } finally {
    await follower.close()
    await leader.close()
  }
}

/** Has a database of the second server follow that of the first, which has a document. */
async function follow({ leader, follower }: Two, options: object = {}): Promise<void> {
  await call(leader.url, 'PUT', '/app')
  await call(leader.url, 'PUT', '/app/first', { json: { n: 1 } })
  const { status } = await call(follower.url, 'PUT', '/app/_follower', {
    json: { source: `${leader.url}/app`, ...options },
  })
  if (status !== 201) throw new Error(`no follower: ${status}`)
  await untilThere(follower, 'first')
}

async function untilThere({ url }: Pick<RunningServer, 'url'>, id: string, database = 'app'): Promise<void> {
  await eventually(
    `${id} is there`,
    async () => (await call(url, 'GET', `/${database}/${id}`)).status === 200,
    { withinMs: 60_000 },
  )
}

const shown = ({ couchette }: RunningServer): string => `${couchette.url}/app/`

test.serial('a follower takes documents from its source and from nobody else', async t => {
  await withTwo(async two => {
    const { leader, follower } = two
    await follow(two)
    const { url } = follower
    const reason = `This database is a read-only follower: documents are written at ${shown(leader)}`
    const refused = { error: 'forbidden', reason }
    const json = { n: 2 }
    const design = { language: 'javascript', updates: { u: 'function () { return [{ _id: "u" }, "" ] }' } }
    await call(leader.url, 'PUT', '/app/_design/d', { json: design })
    await untilThere(follower, '_design/d')
    const writes: readonly (readonly [string, string, object])[] = [
      ['PUT', '/app/own', { json }],
      ['PUT', '/app/first', { json }],
      ['POST', '/app', { json }],
      ['POST', '/app?batch=ok', { json }],
      ['POST', '/app/_bulk_docs', { json: { docs: [json] } }],
      ['POST', '/app/_bulk_docs', { json: { docs: [{ _id: 'x', _rev: '1-a' }], new_edits: false } }],
      ['DELETE', '/app/first?rev=1-0', {}],
      ['COPY', '/app/first', { headers: { destination: 'second' } }],
      ['PUT', '/app/first/a.txt?rev=1-0', { raw: 'text' }],
      ['PUT', '/app/_design/e', { json: {} }],
      ['POST', '/app/_index', { json: { index: { fields: ['n'] } } }],
      ['POST', '/app/_conflicts/first', { json: { revs: ['1-0'], keep: '1-0' } }],
      ['POST', '/app/_ingest?id=x', { json: {} }],
      ['POST', '/app/_design/d/_update/u', { json: {} }],
    ]
    for (const [method, path, options] of writes) {
      const { status, body } = await call(url, method, path, options)
      t.is(status, 403, `${method} ${path}`)
      t.deepEqual(body, refused, `${method} ${path}`)
    }
    const before = await call<{ doc_count: number }>(url, 'GET', '/app')
    t.is(before.body.doc_count, 2)
    t.is(
      (await call(url, 'PUT', '/app/_local/checkpoint', { json: {} })).status,
      201,
      'clients keep checkpoints',
    )
    t.is((await call(url, 'PUT', '/app/_security', { json: {} })).status, 200)
    await call(leader.url, 'PUT', '/app/more', { json })
    await untilThere(follower, 'more')
  })
})

test.serial('a follower tells how far it is behind, and a load balancer can ask', async t => {
  await withTwo(async two => {
    const { leader, follower } = two
    t.is((await call(follower.url, 'GET', '/_up?max_lag=0')).status, 200, 'nothing follows')
    t.is((await call(follower.url, 'GET', '/_up?max_lag=x')).status, 400)
    await follow(two)
    await eventually('the source proved that nothing is pending', async () => {
      const { status } = await call(follower.url, 'GET', '/_up?max_lag=3600')
      return status === 200
    })
    const answer = await call<Record<string, unknown>>(follower.url, 'GET', '/app/_follower')
    t.is(answer.body.source, shown(leader))
    t.is(answer.body.state, 'running')
    t.is(answer.body.forward_writes, false)
    t.is(typeof answer.body.lag_seconds, 'number')
    t.regex(String((await call(follower.url, 'GET', '/app/first')).headers['couchette-lag']), /^\d+\.\d{3}$/)
    const jobs = await call<{ docs: { doc_id: string }[] }>(follower.url, 'GET', '/_scheduler/docs')
    t.deepEqual(
      jobs.body.docs.map(({ doc_id: id }) => id),
      ['follower:app'],
    )
    await leader.close()
    await eventually(
      'it is behind',
      async () => (await call(follower.url, 'GET', '/_up?max_lag=0.5')).status === 503,
    )
    t.is((await call<{ status: string }>(follower.url, 'GET', '/_up?max_lag=0.5')).body.status, 'lagging')
    t.is((await call(follower.url, 'GET', '/_up')).status, 200)
  })
})

test.serial(
  'a follower that forwards writes has its source answer them, and can be read at once',
  async t => {
    await withTwo(async two => {
      const { leader, follower } = two
      await follow(two, { forward_writes: true })
      const put = await call<{ rev: string }>(follower.url, 'PUT', '/app/a%2Fb', { json: { n: 2 } })
      t.is(put.status, 201)
      t.is(put.headers.location, `${follower.couchette.url}/app/a%2Fb`)
      t.is(put.headers.etag, `"${put.body.rev}"`)
      t.is((await call(follower.url, 'GET', '/app/a%2Fb')).status, 200)
      t.is((await call(leader.url, 'GET', '/app/a%2Fb')).status, 200)
      t.is(
        (await call(follower.url, 'PUT', '/app/a%2Fb', { json: { n: 3 } })).status,
        409,
        'the source decides',
      )
      const bulk = { docs: [{ _id: 'x' }, { _id: 'y' }] }
      t.is((await call(follower.url, 'POST', '/app/_bulk_docs', { json: bulk })).status, 201)
      t.is((await call(follower.url, 'GET', '/app/y')).status, 200)
      const text = await call(follower.url, 'PUT', `/app/x/a.txt?rev=${(await revOf(follower, 'x')) ?? ''}`, {
        raw: 'some text',
        headers: { 'content-type': 'text/plain' },
      })
      t.is(text.status, 201)
      t.is((await call<string>(follower.url, 'GET', '/app/x/a.txt')).body, 'some text')
      const stranger = follower.url.replace('admin:pass', 'admin:wrong')
      t.is((await call(stranger, 'PUT', '/app/z', { json: {} })).status, 401)
      t.is((await call(follower.couchette.url, 'PUT', '/app/z', { json: {} })).status, 401)
      await leader.close()
      t.is((await call(follower.url, 'PUT', '/app/z', { json: {} })).status, 503)
    })
  },
)

async function revOf({ url }: RunningServer, id: string): Promise<string | undefined> {
  return (await call<{ _rev?: string }>(url, 'GET', `/app/${id}`)).body._rev
}

test.serial('a promoted follower is written to, and keeps what it has', async t => {
  await withTwo(async two => {
    const { leader, follower } = two
    await follow(two)
    t.is((await call(follower.url, 'DELETE', '/app/_follower')).status, 200)
    t.is((await call(follower.url, 'GET', '/app/_follower')).status, 404)
    t.is((await call(follower.url, 'DELETE', '/app/_follower')).status, 404)
    t.is((await call(follower.url, 'GET', '/_replicator/follower:app')).status, 404, 'its job is gone')
    t.is((await call(follower.url, 'PUT', '/app/own', { json: {} })).status, 201)
    const both = { json: { side: 'leader' } }
    const rev = await revOf(leader, 'first')
    await call(leader.url, 'PUT', `/app/first?rev=${rev}`, both)
    await call(follower.url, 'PUT', `/app/first?rev=${rev}`, { json: { side: 'follower' } })
    t.is(
      (await call(leader.url, 'PUT', '/app/_follower', { json: { source: `${follower.url}/app` } })).status,
      201,
    )
    await untilThere(leader, 'own')
    await eventually('both branches are there', async () => {
      const { body } = await call<{ total_rows: number }>(leader.url, 'GET', '/app/_conflicts')
      return body.total_rows === 1
    })
    t.is((await call(leader.url, 'PUT', '/app/own2', { json: {} })).status, 403)
  })
})

test.serial(
  'a follower stays one over a restart, and its job goes on; a database that is dropped follows no more',
  async t => {
    const [leader, node] = await Promise.all([startServer(), RestartableNode.start(FAST)])
    try {
      await call(leader.url, 'PUT', '/app')
      await call(leader.url, 'PUT', '/app/first', { json: {} })
      await call(node.url, 'PUT', '/app/_follower', { json: { source: `${leader.url}/app` } })
      await untilThere(node, 'first')
      await node.stop()
      await call(leader.url, 'PUT', '/app/later', { json: {} })
      await node.start()
      t.is((await call(node.url, 'PUT', '/app/own', { json: {} })).status, 403)
      await untilThere(node, 'later')
      t.is((await call(node.url, 'DELETE', '/app')).status, 200)
      await eventually('its job is gone', async () => {
        return (await call(node.url, 'GET', '/_replicator/follower:app')).status === 404
      })
      t.is((await call(node.url, 'PUT', '/app')).status, 201)
      t.is((await call(node.url, 'PUT', '/app/own', { json: {} })).status, 201)
    } finally {
      await node.close()
      await leader.close()
    }
  },
)

test.serial('what cannot follow is refused with a reason, and nothing is changed', async t => {
  await withTwo(async ({ leader, follower: { url, couchette } }) => {
    const put = (path: string, json: object) => call<{ reason: string }>(url, 'PUT', path, { json })
    t.is((await put('/_users/_follower', { source: `${leader.url}/app` })).status, 403)
    t.is((await put('/shop%2F_replicator/_follower', { source: `${leader.url}/app` })).status, 403)
    t.is((await put('/Bad/_follower', { source: `${leader.url}/app` })).status, 400)
    t.is((await put('/app/_follower', {})).status, 400, 'there is no source')
    t.is((await put('/app/_follower', { source: 'ftp://x' })).status, 400)
    t.is((await put('/app/_follower', { source: `${url}/app` })).status, 400)
    t.is((await put('/app/_follower', { source: 'app' })).status, 400)
    t.is((await put('/app/_follower', { source: `${leader.url}/app`, forward_writes: 1 })).status, 400)
    t.is((await put('/app/_follower', { source: `${leader.url}/app`, selector: 1 })).status, 400)
    t.is((await call(url, 'GET', '/app')).status, 404, 'no database was made')
    t.is((await call(couchette.url, 'PUT', '/app/_follower', { json: {} })).status, 401)
    const forged = { source: `${leader.url}/app`, target: 'app', continuous: true }
    t.is(
      (await put('/_replicator/follower:app', forged)).status,
      403,
      'nobody writes to a follower by a document',
    )
  })
})

test.serial('PouchDB replicates from a follower, and keeps its checkpoint there', async t => {
  await withTwo(async two => {
    const { follower } = two
    await follow(two)
    const remote = new PouchDB(`${follower.url}/app`)
    const local = new PouchDB(`memory-${process.pid}`)
    try {
      const result = await PouchDB.replicate(remote, local)
      t.is(result.docs_written, 1)
      t.is((await PouchDB.replicate(remote, local)).docs_read, 0)
    } finally {
      await (local as unknown as { destroy: () => Promise<void> }).destroy()
      await remote.close()
    }
  })
})

test.serial('the command line makes a follower and promotes it', async t => {
  await withTwo(async ({ leader, follower }) => {
    await call(leader.url, 'PUT', '/app')
    await call(leader.url, 'PUT', '/app/first', { json: {} })
    const env = { COUCHETTE_URL: follower.url }
    const made = await runCli(['follow', 'app', `${leader.url}/app`], { env })
    t.is(made.code, 0)
    t.is(made.out, `app follows ${leader.couchette.url}/app, and is written to by nobody else.\n`)
    await untilThere(follower, 'first')
    t.deepEqual(await runCli(['promote', 'app'], { env }), {
      code: 0,
      out: 'app follows nobody any more, and can be written to.\n',
      err: '',
    })
    const again = await runCli(['promote', 'app'], { env })
    t.is(again.code, 5)
    t.regex(again.err, /This database is no follower/)
  })
})

test.serial(
  'a follower resolves no conflicts: policies are applied at its source, and here when it is promoted',
  async t => {
    await withTwo(async two => {
      const { leader, follower } = two
      await call(leader.url, 'PUT', '/_node/_local/_config/conflicts/resolve', { json: 'false' })
      const policy = { conflicts: [{ selector: {}, policy: 'latest', field: 'at' }] }
      await follow(two)
      const branches = ['a', 'b'].map(hash => ({
        _id: 'c',
        _rev: `1-${hash.repeat(32)}`,
        at: `2026-0${hash === 'a' ? 1 : 2}-01T00:00:00Z`,
      }))
      await call(leader.url, 'POST', '/app/_bulk_docs', { json: { docs: branches, new_edits: false } })
      await call(leader.url, 'PUT', '/app/_design/policy', { json: policy })
      await call(leader.url, 'PUT', '/app/last', { json: {} })
      await untilThere(follower, 'last')
      await untilThere(follower, '_design/policy')
      const conflicts = async () =>
        (await call<{ total_rows: number }>(follower.url, 'GET', '/app/_conflicts')).body.total_rows
      t.is(await conflicts(), 1)
      await call(follower.url, 'DELETE', '/app/_follower')
      await eventually('the policy is applied', async () => (await conflicts()) === 0)
    })
  },
)
