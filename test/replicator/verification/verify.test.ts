import test, { type ExecutionContext } from 'ava'
import { startProxy } from '../../helpers/faulty-proxy.ts'
import { eventually } from '../../helpers/eventually.ts'
import { startJob } from '../../helpers/faults/jobs.ts'
import { RestartableNode } from '../../helpers/faults/restartable.ts'
import { call } from '../../helpers/http.ts'
import { valueOf } from '../../helpers/prometheus.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

interface Divergence {
  readonly documents: number
  readonly refused: number
  readonly in_flight: number
  readonly since: string | null
  readonly first: readonly {
    readonly id: string
    readonly revs: readonly string[]
    readonly reason: string
  }[]
  readonly checked: string | null
  readonly error: string | null
  readonly repair?: {
    readonly repaired: number
    readonly failed: number
    readonly last: {
      readonly documents: number
      readonly repaired: number
      readonly reason: string | null
    } | null
  }
}

const JOB = '/_scheduler/docs/_replicator/job'
const FAST = [
  { section: 'replicator', key: 'checkpoint_interval', value: '200' },
  { section: 'replicator', key: 'crash_backoff', value: '200' },
]

/** Divergence shows after two comparisons, which a busy machine takes its time for. */
const PATIENCE = { withinMs: 60_000 }

async function divergence(url: string): Promise<Divergence | undefined> {
  const { body } = await call<{ info: { divergence?: Divergence } | null }>(url, 'GET', JOB)
  return body.info?.divergence
}

/** Waits until the job's divergence is as wanted, and returns it. */
async function untilDivergence(url: string, is: (found: Divergence) => boolean): Promise<Divergence> {
  let found: Divergence | undefined
  await eventually(
    'the divergence is as wanted',
    async () => {
      found = await divergence(url)
      return found !== undefined && is(found)
    },
    PATIENCE,
  )
  return found!
}

async function twoDatabases(t: ExecutionContext): Promise<RunningServer> {
  const server = await startServer({ settings: FAST })
  t.teardown(() => server.close())
  for (const name of ['from', 'to']) await call(server.url, 'PUT', `/${name}`)
  return server
}

/** Removes a document from a database as if it had never been there: a job that has passed it does not come back. */
async function lose(url: string, database: string, id: string): Promise<string> {
  const { body } = await call<{ _rev: string }>(url, 'GET', `/${database}/${id}`)
  succeeded(await call(url, 'POST', `/${database}/_purge`, { json: { [id]: [body._rev] } }))
  return body._rev
}

function succeeded({ status, body }: { readonly status: number; readonly body: unknown }): void {
  if (status >= 300) throw new Error(JSON.stringify(body))
}

async function untilCopied(url: string, ...ids: string[]): Promise<void> {
  for (const id of ids)
    await eventually(`${id} is copied`, async () => (await call(url, 'GET', `/to/${id}`)).status === 200)
}

test('a document that the target lost stays different, and is told everywhere', async t => {
  const { url } = await twoDatabases(t)
  for (const id of ['a', 'b']) await call(url, 'PUT', `/from/${id}`, { json: {} })
  await startJob(url, 'job', { source: `${url}/from`, target: `${url}/to`, verify: { interval: 1 } })
  await untilCopied(url, 'a', 'b')
  t.like(await untilDivergence(url, ({ checked }) => checked !== null), { documents: 0, since: null })
  const rev = await lose(url, 'to', 'a')
  const found = await untilDivergence(url, ({ documents }) => documents === 1)
  t.like(found, { refused: 0, in_flight: 0, error: null, first: [{ id: 'a', revs: [rev] }] })
  t.regex(found.first[0]!.reason, /the job has passed it/)
  t.truthy(found.since)
  const tasks = await call<{ divergence?: Divergence }[]>(url, 'GET', '/_active_tasks')
  t.is(tasks.body[0]?.divergence?.documents, 1)
  const jobs = await call<{ jobs: { info: { divergence: Divergence } }[] }>(url, 'GET', '/_scheduler/jobs')
  t.is(jobs.body.jobs[0]?.info.divergence.documents, 1)
  const health = await call<{ replications: object }>(url, 'GET', '/_node/_local/_health')
  t.like(health.body.replications, { diverged: 1, divergent_documents: 1, unverified: 0, unrepaired: 0 })
  const { body: metrics } = await call<string>(url, 'GET', '/_node/_local/_prometheus')
  t.is(valueOf(metrics, 'couchette_replicator_divergence'), 1)
  t.true(valueOf(metrics, 'couchette_replicator_divergence_age_seconds')! >= 0)
  t.is(valueOf(metrics, 'couchette_replicator_verification_failing'), 0)
  const all = await call<{ differing: { id: string }[] }>(url, 'GET', `${JOB}/divergence`)
  t.deepEqual(
    all.body.differing.map(({ id }) => id),
    ['a'],
  )
  // Whoever mends it by hand ends it.
  succeeded(
    await call(url, 'POST', '/_replicate', { json: { source: 'from', target: 'to', doc_ids: ['a'] } }),
  )
  t.like(await untilDivergence(url, ({ documents }) => documents === 0), { since: null, first: [] })
})

for (const isRemote of [false, true]) {
  const between = isRemote ? 'servers that are spoken to by HTTP' : 'databases of this server'
  test(`repair replicates what differs, and only that, and records it: ${between}`, async t => {
    const { url } = await twoDatabases(t)
    const writes: string[] = []
    const proxy = await startProxy(url, ({ path }) => {
      if (path.includes('_bulk_docs')) writes.push(path)
      return undefined
    })
    t.teardown(() => proxy.close())
    for (const id of ['a', 'b', 'c']) await call(url, 'PUT', `/from/${id}`, { json: {} })
    const side = isRemote ? proxy.url : url
    const verify = { interval: 1, repair: true }
    await startJob(url, 'job', { source: `${side}/from`, target: `${side}/to`, verify })
    await untilCopied(url, 'a', 'b', 'c')
    const before = writes.length
    await lose(url, 'to', 'b')
    const { repair } = await untilDivergence(url, found => (found.repair?.repaired ?? 0) > 0)
    t.like(repair, { repaired: 1, failed: 0, last: { documents: 1, repaired: 1, reason: null } })
    t.is(writes.length - before, isRemote ? 1 : 0)
    t.is((await call(url, 'GET', '/to/b')).status, 200)
    t.is((await divergence(url))?.documents, 0)
    const { body: metrics } = await call<string>(url, 'GET', '/_node/_local/_prometheus')
    t.is(valueOf(metrics, 'couchette_replicator_repaired_documents_total'), 1)
    t.is(valueOf(metrics, 'couchette_replicator_repair_failing'), 0)
  })
}

test('a continuous job of _replicate is verified, too, while it is there', async t => {
  const { url } = await twoDatabases(t)
  await call(url, 'PUT', '/from/a', { json: {} })
  const job = { source: `${url}/from`, target: `${url}/to`, continuous: true, verify: { interval: 1 } }
  succeeded(await call(url, 'POST', '/_replicate', { json: job }))
  await untilCopied(url, 'a')
  await lose(url, 'to', 'a')
  await eventually('it has diverged', async () => {
    const { body } = await call<{ jobs: { info: { divergence?: Divergence } | null }[] }>(
      url,
      'GET',
      '/_scheduler/jobs',
    )
    return body.jobs[0]?.info?.divergence?.documents === 1
  })
  t.is((await call(url, 'POST', '/_replicate', { json: { ...job, verify: { interval: 0 } } })).status, 400)
})

test('P7: what the target refuses differs at once, with its reason, over restarts, until it is accepted', async t => {
  const node = await RestartableNode.start(FAST)
  t.teardown(() => node.close())
  for (const name of ['from', 'to']) await call(node.url, 'PUT', `/${name}`)
  const validate = "function (doc) { if (doc.bad) throw { forbidden: 'bad document' } }"
  const { body } = await call(node.url, 'PUT', '/to/_design/v', { json: { validate_doc_update: validate } })
  await call(node.url, 'PUT', '/from/bad', { json: { bad: true } })
  await call(node.url, 'PUT', '/from/worse', { json: { bad: true } })
  await startJob(node.url, 'job', {
    source: `${node.url}/from`,
    target: `${node.url}/to`,
  })
  const found = await untilDivergence(node.url, ({ documents }) => documents === 2)
  t.is(found.refused, 2)
  t.deepEqual(found.first.map(({ id, reason }) => `${id} ${reason}`).sort(), [
    'bad 403 forbidden: bad document',
    'worse 403 forbidden: bad document',
  ])
  await node.stop()
  await node.start()
  t.is((await untilDivergence(node.url, ({ documents }) => documents === 2)).refused, 2)
  // A revision that the target takes has the refused one in its history.
  const { body: bad } = await call<{ _rev: string }>(node.url, 'GET', '/from/bad')
  await call(node.url, 'PUT', '/from/bad', { json: { _rev: bad._rev, bad: false } })
  const left = await untilDivergence(node.url, ({ documents }) => documents === 1)
  t.is(left.first[0]?.id, 'worse')
  await call(node.url, 'DELETE', `/to/_design/v?rev=${String(body.rev)}`)
  t.like((await call(node.url, 'POST', `${JOB}/failures`)).body, { written: 1, failures: 0 })
  await eventually('nothing differs', async () => (await divergence(node.url)) === undefined)
})

test('a one-shot replication answers, where it is asked, with what the target refused, and why', async t => {
  const { url } = await twoDatabases(t)
  const validate = "function (doc) { if (doc.bad) throw { forbidden: 'bad document' } }"
  await call(url, 'PUT', '/to/_design/v', { json: { validate_doc_update: validate } })
  await call(url, 'PUT', '/from/good', { json: {} })
  const replicate = async (query = '?divergence=true') => {
    const json = { source: 'from', target: `${url}/to` }
    return (await call<Record<string, unknown>>(url, 'POST', `/_replicate${query}`, { json })).body
  }
  t.false('divergence' in (await replicate()))
  await call(url, 'PUT', '/from/bad', { json: { bad: true } })
  const answer = await replicate()
  t.is(answer['ok'], true)
  await call(url, 'PUT', '/from/worse', { json: { bad: true } })
  t.false('divergence' in (await replicate('')), 'the answer is that of CouchDB unless asked for more')
  t.like(answer['divergence'], { documents: 1, refused: 1 })
  t.like((answer['divergence'] as Divergence).first[0], { id: 'bad', reason: '403 forbidden: bad document' })
})

test('a repair that fails says why, and ends the divergence once the target accepts', async t => {
  const { url } = await twoDatabases(t)
  const validate = "function (doc) { if (doc.bad) throw { forbidden: 'bad document' } }"
  const { body } = await call(url, 'PUT', '/to/_design/v', { json: { validate_doc_update: validate } })
  await call(url, 'PUT', '/from/bad', { json: { bad: true } })
  const verify = { interval: 1 }
  await startJob(url, 'job', { source: `${url}/from`, target: `${url}/to`, verify, repair: true })
  const failed = await untilDivergence(url, found => (found.repair?.failed ?? 0) > 0)
  t.like(failed, { documents: 1, refused: 1, repair: { repaired: 0 } })
  t.regex(failed.repair?.last?.reason ?? '', /forbidden: bad document/)
  const { body: metrics } = await call<string>(url, 'GET', '/_node/_local/_prometheus')
  t.is(valueOf(metrics, 'couchette_replicator_repair_failing'), 1)
  await call(url, 'DELETE', `/to/_design/v?rev=${String(body.rev)}`)
  t.like(await untilDivergence(url, ({ documents }) => documents === 0), { repair: { repaired: 1 } })
  t.is((await call(url, 'GET', '/to/bad')).status, 200)
})

test('what a filtered job leaves out is not missing, and what it lost is', async t => {
  const { url } = await twoDatabases(t)
  await call(url, 'PUT', '/from/in', { json: { type: 'in' } })
  await call(url, 'PUT', '/from/out', { json: { type: 'out' } })
  await startJob(url, 'job', {
    source: `${url}/from`,
    target: `${url}/to`,
    selector: { type: 'in' },
    verify: { interval: 1 },
  })
  await untilCopied(url, 'in')
  const equal = await untilDivergence(url, found => found.checked !== null && found.in_flight === 0)
  t.is(equal.documents, 0)
  await lose(url, 'to', 'in')
  t.is((await untilDivergence(url, ({ documents }) => documents === 1)).first[0]?.id, 'in')
})

test('a comparison that fails is told, and is forgotten when one succeeds', async t => {
  const { url } = await twoDatabases(t)
  let fails = true
  // A comparison of selected documents reads the feed in whole; the job follows it.
  const proxy = await startProxy(url, ({ path }) =>
    fails && path.includes('feed=normal') ? { kind: 'answer', status: 404, body: '{}' } : undefined,
  )
  t.teardown(() => proxy.close())
  await startJob(url, 'job', {
    source: `${proxy.url}/from`,
    target: `${url}/to`,
    selector: { type: 'in' },
    verify: { interval: 1 },
  })
  t.is((await untilDivergence(url, ({ error }) => error !== null)).checked, null)
  const { body: metrics } = await call<string>(url, 'GET', '/_node/_local/_prometheus')
  t.is(valueOf(metrics, 'couchette_replicator_verification_failing'), 1)
  t.like((await call<{ state: string }>(url, 'GET', JOB)).body, { state: 'running' })
  fails = false
  t.truthy((await untilDivergence(url, ({ error }) => error === null)).checked)
})

const REFUSED = [
  [{ verify: 5 }, 'parameter `verify` must be an object: {"interval": seconds}'],
  [{ verify: null }, 'parameter `verify` must be an object: {"interval": seconds}'],
  [{ verify: {} }, 'parameter `verify.interval` must be a number of seconds, an integer from 1'],
  [{ verify: { interval: 0 } }, 'parameter `verify.interval` must be a number of seconds, an integer from 1'],
  [
    { verify: { interval: 1.5 } },
    'parameter `verify.interval` must be a number of seconds, an integer from 1',
  ],
  [
    { verify: { interval: '9' } },
    'parameter `verify.interval` must be a number of seconds, an integer from 1',
  ],
  [{ verify: { interval: 9, repair: 1 } }, 'parameter `verify.repair` must be a boolean'],
  [{ verify: { interval: 9 }, repair: 'yes' }, 'parameter `repair` must be a boolean'],
  [{ verify: { interval: 9, every: 1 } }, '`verify` takes no `every`, only interval, repair'],
  [{ repair: true }, '`repair` needs `verify`, which finds what to repair'],
  [{ verify: { interval: 9 }, continuous: false }, '`verify` needs `continuous`'],
] as const

test('a document whose verify cannot work is refused with the reason', async t => {
  const { url } = await twoDatabases(t)
  for (const [members, reason] of REFUSED) {
    const json = { source: `${url}/from`, target: `${url}/to`, continuous: true, ...members }
    const { status, body } = await call(url, 'PUT', '/_replicator/job', { json })
    t.is(status, 403)
    t.true(String(body.reason).includes(reason), String(body.reason))
  }
})
