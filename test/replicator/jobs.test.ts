import test from 'ava'
import type { ExecutionContext } from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../helpers/eventually.ts'
import { startProxy } from '../helpers/faulty-proxy.ts'
import type { FaultyProxy, Script } from '../helpers/faulty-proxy.ts'
import { call } from '../helpers/http.ts'
import { replicate } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'

interface Two {
  /** Its database "from" has twenty documents. */
  readonly far: string
  /** Runs the jobs. */
  readonly near: string
  /** Before the far node. */
  readonly proxy: FaultyProxy
}

async function two(t: ExecutionContext, settings: Record<string, string>, script?: Script): Promise<Two> {
  const overrides = Object.entries(settings).map(([key, value]) => ({ section: 'replicator', key, value }))
  const [far, near] = await Promise.all([startServer(), startServer({ settings: overrides })])
  const proxy = await startProxy(far.url, script)
  t.teardown(() => Promise.all([proxy.close(), far.close(), near.close()]))
  await call(far.url, 'PUT', '/from')
  const docs = Array.from({ length: 20 }, (_, n) => ({ _id: `doc-${n}` }))
  await call(far.url, 'POST', '/from/_bulk_docs', { json: { docs } })
  return { far: far.url, near: near.url, proxy }
}

interface Listed {
  readonly id: string
  readonly history: readonly { readonly type: string; readonly reason?: string }[]
  readonly info: { readonly stalled?: { readonly waiting_for: string } } | null
}

async function jobs(url: string): Promise<readonly Listed[]> {
  return (await call<{ jobs: Listed[] }>(url, 'GET', '/_scheduler/jobs')).body.jobs
}

test('P7: going back further than `max_rewind` is refused', async t => {
  const { near, proxy } = await two(t, { max_rewind: '10' })
  const job = { source: `${proxy.url}/from`, target: 'to', create_target: true }
  t.true((await replicate(near, job)).ok)
  const locals = await call<{ rows: { id: string; value: { rev: string } }[] }>(
    near,
    'GET',
    '/to/_local_docs',
  )
  for (const { id, value } of locals.body.rows) await call(near, 'DELETE', `/to/${id}?rev=${value.rev}`)
  const refused = await replicate(near, job)
  t.is(refused.error, 'rewind_refused')
  t.regex(refused.reason ?? '', /the target has no checkpoint: going back 20 changes of http:/)
  const setting = '/_node/_local/_config/replicator/max_rewind'
  await call(near, 'PUT', setting, { json: '20' })
  t.true((await replicate(near, job)).ok)
})

const STALLS: Record<string, { where: RegExp; says: string }> = {
  'the source gives no documents': { where: /_bulk_get/, says: '_bulk_get of the source' },
  'the source gives no changes': { where: /_changes\?feed/, says: '_changes of the source' },
}

for (const [what, { where, says }] of Object.entries(STALLS)) {
  test(`a job that does not move says that it is stalled, and by what: ${what}`, async t => {
    const { near, proxy } = await two(t, { stall_timeout: '500', connection_timeout: '60000' }, ({ path }) =>
      where.test(path) ? { kind: 'stall', after: 0 } : undefined,
    )
    const job = { source: `${proxy.url}/from`, target: 'to', create_target: true, continuous: true }
    t.true((await replicate(near, job)).ok)
    await eventually('it is stalled', async () => (await jobs(near))[0]?.info?.stalled !== undefined)
    t.is((await jobs(near))[0]?.info?.stalled?.waiting_for, says)
    const { body } = await call<string>(near, 'GET', '/_node/_local/_prometheus')
    t.regex(body, /couchdb_replication_stalled\{.*\} 1/)
    t.true((await replicate(near, { ...job, cancel: true })).ok)
  })
}

test('a job waits for a random part of `startup_jitter` before it asks its peers, and can be stopped', async t => {
  const { near, proxy } = await two(t, { startup_jitter: '1000000000' })
  const job = { source: `${proxy.url}/from`, target: 'to', continuous: true }
  t.true((await replicate(near, job)).ok)
  await sleep(500)
  t.is((await jobs(near))[0]?.history[0]?.type, 'started')
  t.is(proxy.requests.length, 0)
  t.true((await replicate(near, { ...job, cancel: true })).ok)
  t.is((await jobs(near)).length, 0)
})

test('a continuous job of `_replicate` that has worked is started again when it has crashed', async t => {
  const { far, near, proxy } = await two(t, { crash_backoff: '200', retries_per_request: '0' })
  const job = { source: `${proxy.url}/from`, target: 'to', create_target: true, continuous: true }
  t.true((await replicate(near, job)).ok)
  await eventually('it works', async () => (await call(near, 'GET', '/to/doc-19')).status === 200)
  proxy.script = () => ({ kind: 'answer', status: 404, body: '{"error":"not_found","reason":"gone"}' })
  await call(far, 'PUT', '/from/later', { json: {} })
  await eventually('it crashes', async () => (await jobs(near))[0]?.history[0]?.type === 'crashed')
  proxy.script = () => undefined
  await eventually('it goes on', async () => (await call(near, 'GET', '/to/later')).status === 200)
  t.true((await replicate(near, { ...job, cancel: true })).ok)
})

test('a continuous job of `_replicate` that never works is given up, and stays listed with its error', async t => {
  const settings = [{ section: 'couchette', key: 'failed_job_retention', value: '8000' }]
  const { url, close } = await startServer({ settings })
  t.teardown(close)
  const job = { source: `${url}/nosuch`, target: 'to', create_target: true, continuous: true }
  const started = await call<{ _local_id: string }>(url, 'POST', '/_replicate', { json: job })
  await eventually('it crashes', async () => (await jobs(url))[0]?.history[0]?.type === 'crashed')
  const [listed] = await jobs(url)
  t.regex(JSON.stringify(listed?.info), /db_not_found/)
  t.is((await call(url, 'GET', `/_scheduler/jobs/${started.body._local_id}`)).status, 200)
  const metrics = await call<string>(url, 'GET', '/_node/_local/_prometheus')
  t.regex(metrics.body, /couchdb_replication_jobs\{state="failed"\} 1/)
  await eventually('it is gone', async () => (await jobs(url)).length === 0)
})

test('two requests for the same replication share one job', async t => {
  const { far, near } = await two(t, {})
  const job = { source: `${far}/from`, target: 'to', create_target: true }
  const [one, other] = await Promise.all([replicate(near, job), replicate(near, job)])
  t.true(one.ok)
  t.deepEqual(one, other)
})

test('users stop their own jobs, and only administrators those of others', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  for (const name of ['ann', 'bob']) {
    const json = { name, type: 'user', roles: [], password: name }
    await call(url, 'PUT', `/_users/org.couchdb.user:${name}`, { json })
  }
  for (const name of ['from', 'to']) {
    await call(url, 'PUT', `/${name}`)
    await call(url, 'PUT', `/${name}/_security`, { json: {} })
  }
  const as = (name: string): string => url.replace(/\/\/[^@]*@/, `//${name}:${name}@`)
  const job = { source: 'from', target: 'to', continuous: true }
  const started = await call<{ _local_id: string }>(as('ann'), 'POST', '/_replicate', { json: job })
  t.is(started.status, 202)
  const cancel = { json: { replication_id: started.body._local_id, cancel: true } }
  t.like(await call(as('bob'), 'POST', '/_replicate', cancel), {
    status: 401,
    body: { error: 'unauthorized', reason: 'You are not a server admin.' },
  })
  t.is((await jobs(url)).length, 1)
  t.is((await call(as('ann'), 'POST', '/_replicate', cancel)).status, 200)
  t.is((await call(as('ann'), 'POST', '/_replicate', cancel)).status, 404)
  await call(as('ann'), 'POST', '/_replicate', { json: job })
  t.is((await call(url, 'POST', '/_replicate', cancel)).status, 200)
})

test("what a document says of an older replication's state gives way to its own", async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  await call(url, 'PUT', '/from')
  const old = {
    _replication_id: 'old',
    _replication_state: 'triggered',
    _replication_state_time: 'old',
    _replication_state_reason: 'old',
  }
  const job = { source: `${url}/from`, target: `${url}/to`, create_target: true, replication_id: 'mine' }
  t.is((await call(url, 'PUT', '/_replicator/job', { json: { ...job, ...old } })).status, 201)
  const stored = async (): Promise<Record<string, unknown>> =>
    (await call(url, 'GET', '/_replicator/job')).body
  await eventually('it is over', async () => (await stored())._replication_state === 'completed')
  const document = await stored()
  t.like(document, { replication_id: 'mine' })
  t.not(document._replication_state_time, 'old')
  for (const gone of ['_replication_id', '_replication_state_reason']) t.false(gone in document)
})
