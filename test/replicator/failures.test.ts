import test from 'ava'
import { startProxy } from '../helpers/faulty-proxy.ts'
import { eventually } from '../helpers/eventually.ts'
import { jobState } from '../helpers/faults/jobs.ts'
import { RestartableNode } from '../helpers/faults/restartable.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'

const PATH = '/_scheduler/docs/_replicator/job/failures'
const HASTY = [{ section: 'replicator', key: 'crash_backoff', value: '200' }]

interface Failures {
  readonly total: number
  readonly failures: readonly { readonly id: string; readonly status: number; readonly tries: number }[]
}

async function listed(url: string): Promise<Failures> {
  return (await call<Failures>(url, 'GET', PATH)).body
}

/** Databases "from", with a good and a bad document, and "to", whose validation refuses the bad one. */
async function twoDatabases(url: string): Promise<{ readonly accept: () => Promise<void> }> {
  for (const name of ['from', 'to']) await call(url, 'PUT', `/${name}`)
  const validate = "function (doc) { if (doc.bad) throw { forbidden: 'bad' } }"
  const { body } = await call(url, 'PUT', '/to/_design/v', { json: { validate_doc_update: validate } })
  await call(url, 'PUT', '/from/good', { json: {} })
  await call(url, 'PUT', '/from/bad', { json: { bad: true } })
  return {
    accept: async () => void (await call(url, 'DELETE', `/to/_design/v?rev=${String(body.rev)}`)),
  }
}

async function addJob(url: string, options: object = {}): Promise<void> {
  await call(url, 'PUT', '/_replicator/job', {
    json: { source: `${url}/from`, target: `${url}/to`, ...options },
  })
}

test('P7: what a job could not write stays known, and can be tried again, when it is over and after a restart', async t => {
  const node = await RestartableNode.start(HASTY)
  t.teardown(() => node.close())
  const { accept } = await twoDatabases(node.url)
  await addJob(node.url)
  await eventually('it is over', async () => (await jobState(node.url, 'job')).state === 'completed')
  t.like(await listed(node.url), { total: 1, failures: [{ id: 'bad', status: 403, tries: 1 }] })
  await node.stop()
  await node.start()
  t.like(await listed(node.url), { total: 1, failures: [{ id: 'bad', status: 403, tries: 1 }] })
  t.like((await call(node.url, 'POST', PATH)).body, { ok: true, written: 0, failures: 1 })
  t.is((await listed(node.url)).failures[0]?.tries, 2)
  await accept()
  t.like((await call(node.url, 'POST', PATH)).body, { ok: true, written: 1, failures: 0 })
  t.is((await call(node.url, 'GET', '/to/bad')).status, 200)
  t.like(await listed(node.url), { total: 1, failures: [] })
})

test('what could not be written is forgotten with the document that asked for it', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  t.is((await call(url, 'GET', PATH)).status, 404)
  await twoDatabases(url)
  await addJob(url)
  await eventually('it is over', async () => (await jobState(url, 'job')).state === 'completed')
  t.is((await listed(url)).total, 1)
  const { body } = await call(url, 'GET', '/_replicator/job')
  await call(url, 'DELETE', `/_replicator/job?rev=${String(body._rev)}`)
  t.is((await call(url, 'GET', PATH)).status, 404)
  await eventually('the list is gone', async () => {
    const path = '/_replicator/_local/replication-failures%3Ajob'
    return (await call(url, 'GET', path)).status === 404
  })
  await call(url, 'PUT', '/_replicator/job', { json: { source: `${url}/to`, target: `${url}/from` } })
  await eventually('the next is over', async () => (await jobState(url, 'job')).state === 'completed')
  t.deepEqual(await listed(url), { total: 0, failures: [] })
})

test('a job that is to stop at what is refused crashes, says so, and goes on when it is taken', async t => {
  t.timeout(4 * 60_000)
  const { url, close } = await startServer({ settings: HASTY })
  t.teardown(close)
  const { accept } = await twoDatabases(url)
  await addJob(url, { stop_on_write_failure: true })
  // A job that has just begun again has no error for the moment.
  const refused = /doc_write_failed: .*to\/ refused bad 1-/
  await eventually('it crashes', async () => {
    const { error_count: errors, info } = await jobState(url, 'job')
    return errors > 1 && refused.test(info?.error ?? '')
  })
  t.like(await listed(url), { total: 1, failures: [{ id: 'bad', status: 403 }] })
  await accept()
  // Its waits double: the next is as long as all that went by since the first crash.
  const isOver = async () => (await jobState(url, 'job')).state === 'completed'
  await eventually('it is over', isOver, { withinMs: 120_000 })
  t.is((await call(url, 'GET', '/to/bad')).status, 200)
})

test('documents whose ids are longer than the configured length are passed over, and listed', async t => {
  const setting = { section: 'replicator', key: 'max_document_id_length', value: '10' }
  const { url, close } = await startServer({ settings: [setting] })
  t.teardown(close)
  for (const id of ['short', 'longer-than-ten', 'ééééé', 'éééééé']) {
    await call(url, 'PUT', '/from')
    await call(url, 'PUT', `/from/${encodeURIComponent(id)}`, { json: {} })
  }
  await addJob(url, { create_target: true })
  await eventually('it is over', async () => (await jobState(url, 'job')).state === 'completed')
  t.like((await jobState(url, 'job')).info, { docs_written: 2, doc_write_failures: 2 })
  t.deepEqual(
    (await listed(url)).failures.map(({ id }) => id),
    ['longer-than-ten', 'éééééé'],
  )
})

test('a revision that the source names and does not have is listed', async t => {
  const [far, near] = await Promise.all([startServer(), startServer()])
  t.teardown(() => Promise.all([far.close(), near.close()]))
  const proxy = await startProxy(far.url, ({ path }) => {
    if (path.includes('_bulk_get')) return { kind: 'answer', status: 404 }
    return path.includes('open_revs')
      ? { kind: 'answer', status: 200, body: '[{"missing":"1-x"}]' }
      : undefined
  })
  t.teardown(() => proxy.close())
  await call(far.url, 'PUT', '/from')
  await call(far.url, 'PUT', '/from/gone', { json: {} })
  const job = { source: `${proxy.url}/from`, target: `${near.url}/to`, create_target: true }
  await call(near.url, 'PUT', '/_replicator/job', { json: job })
  await eventually('it is over', async () => (await jobState(near.url, 'job')).state === 'completed')
  t.like(await listed(near.url), { total: 1, failures: [{ id: 'gone', status: 404 }] })
})

test('what a follower could not take is tried again as its job, also under a mask', async t => {
  const small = { section: 'couchdb', key: 'max_document_size', value: '2000' }
  const [leader, follower] = await Promise.all([startServer(), startServer({ settings: [small] })])
  t.teardown(() => Promise.all([leader.close(), follower.close()]))
  await call(leader.url, 'PUT', '/app')
  await call(leader.url, 'PUT', '/app/large', { json: { name: 'secret', text: 'x'.repeat(3000) } })
  await call(leader.url, 'PUT', '/app/small', { json: {} })
  const mask = [{ field: 'name', redact: true }]
  for (const [name, more] of [
    ['plain', {}],
    ['masked', { mask }],
  ] as const) {
    const json = { source: `${leader.url}/app`, ...more }
    t.is((await call(follower.url, 'PUT', `/${name}/_follower`, { json })).status, 201)
    const path = `/_scheduler/docs/_replicator/${encodeURIComponent(`follower:${name}`)}/failures`
    await eventually(
      'it is refused',
      async () => (await call<Failures>(follower.url, 'GET', path)).body.total === 1,
      { withinMs: 60_000 },
    )
    const retried = async (): Promise<unknown> => (await call(follower.url, 'POST', path)).body
    t.deepEqual(await retried(), { ok: true, written: 0, failures: 1 })
    const setting = '/_node/_local/_config/couchdb/max_document_size'
    await call(follower.url, 'PUT', setting, { json: '8000000' })
    t.deepEqual(await retried(), { ok: true, written: 1, failures: 0 })
    const { body } = await call(follower.url, 'GET', `/${name}/large`)
    t.is(body.name === 'secret', name === 'plain')
    t.truthy(body.text)
    await call(follower.url, 'PUT', setting, { json: '2000' })
  }
})
