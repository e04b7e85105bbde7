import test from 'ava'
import { asDatabaseName } from '../../../protocol/database-name.ts'
import { asDocId } from '../../../protocol/document-id.ts'
import { LargeTrees } from '../../../server/database/large-trees.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { addUser, securedServer } from '../../helpers/secured-server.ts'
import { startServer } from '../../helpers/server.ts'
import { valueOf } from '../../helpers/prometheus.ts'

interface Health {
  readonly store: {
    readonly state: string
    readonly reason: string | null
    readonly disk_full: boolean
  } | null
  readonly certificate: { readonly not_after: string } | null
  readonly logins: Record<'failures' | 'lockouts' | 'locked', number>
  readonly replications: { readonly documents: Record<string, number>; readonly jobs: Record<string, number> }
  readonly index_builds: Record<'running' | 'changes_pending' | 'failures', number>
  readonly disk: { readonly total: number; readonly free: number }
  readonly databases: { readonly open: number }
  readonly configuration: { readonly findings: number }
}

const HEALTH = '/_node/_local/_health'
const METRICS = '/_node/_local/_prometheus'

test('P11: wrong passwords and lockouts are told apart, and counted alike in _health, _stats and metrics', async t => {
  const server = await securedServer(t, 'chttpd_auth_lockout/threshold=3')
  await addUser(server, 'amy')
  for (let at = 0; at < 3; at++) t.is((await server.as('amy:wrong')('GET', '/_session')).status, 401)
  t.is((await server.as('amy:secret')('GET', '/_session')).status, 403)
  const { body } = await server.admin<Health>('GET', HEALTH)
  t.deepEqual(body.logins, { failures: 3, lockouts: 1, locked: 1 })
  const { body: text } = await server.admin<string>('GET', METRICS)
  t.is(valueOf(text, 'couchette_logins_failures_total'), 3)
  t.is(valueOf(text, 'couchette_logins_lockouts_total'), 1)
  t.is(valueOf(text, 'couchette_logins_locked'), 1)
  t.is(valueOf(text, 'couchette_logins_refused_while_locked_total'), 1)
  const { body: stats } = await server.admin<{ value: number }>(
    'GET',
    '/_node/_local/_stats/couchette/logins/lockouts',
  )
  t.is(stats.value, 1)
})

test('P11: jobs and documents by state are the same in _scheduler/docs, _health and metrics', async t => {
  const { url, close } = await startServer()
  t.teardown(close)
  await call(url, 'PUT', '/from')
  const job = (target: string) => ({ source: `${url}/from`, target: `${url}/${target}`, create_target: true })
  await call(url, 'PUT', '/_replicator/once', { json: job('once') })
  await call(url, 'PUT', '/_replicator/live', { json: { ...job('live'), continuous: true } })
  await call(url, 'PUT', '/_replicator/crash', {
    json: { ...job('x'), source: `${url}/nowhere`, continuous: true },
  })
  await call(url, 'PUT', '/_replicator/over', { json: { ...job('y'), _replication_state: 'failed' } })
  const docs = async () => {
    const { body } = await call<{ docs: { doc_id: string; state: string }[] }>(url, 'GET', '/_scheduler/docs')
    return Object.fromEntries(body.docs.map(({ doc_id, state }) => [doc_id, state]))
  }
  const expected = { once: 'completed', live: 'running', crash: 'crashing', over: 'failed' }
  await eventually(
    'every job is in its state',
    async () => JSON.stringify(sorted(await docs())) === JSON.stringify(sorted(expected)),
  )
  const { body } = await call<Health>(url, 'GET', HEALTH)
  const { body: text } = await call<string>(url, 'GET', METRICS)
  for (const state of ['completed', 'running', 'crashing', 'failed', 'pending', 'initializing', 'error']) {
    const count = Object.values(expected).filter(known => known === state).length
    t.is(body.replications.documents[state], count, state)
    t.is(valueOf(text, 'couchdb_replication_documents', { state }), count, state)
    t.is(valueOf(text, 'couchdb_replication_jobs', { state }), body.replications.jobs[state], state)
  }
  const { body: jobs } = await call<{ total_rows: number }>(url, 'GET', '/_scheduler/jobs')
  t.is(valueOf(text, 'couchdb_couch_replicator_jobs_total'), jobs.total_rows)
  t.is(valueOf(text, 'couchdb_couch_replicator_jobs_running'), 1)
  t.is(valueOf(text, 'couchdb_couch_replicator_jobs_crashed'), 1)
  t.is(valueOf(text, 'couchette_replication_completions_total'), 1)
  t.true((valueOf(text, 'couchdb_couch_replicator_jobs_crashes_total') ?? 0) >= 1)
})

test('store, disk, certificate, databases and findings are the same in _health and metrics', async t => {
  const settings = [
    { section: 'ssl', key: 'enable', value: 'true' },
    { section: 'ssl', key: 'port', value: '0' },
    { section: 'couchdb', key: 'no_such_setting', value: '1' },
  ]
  const { url, close } = await startServer({ settings })
  t.teardown(close)
  const { body } = await call<Health>(url, 'GET', HEALTH)
  const { body: text } = await call<string>(url, 'GET', METRICS)
  t.deepEqual(body.store, {
    state: 'healthy',
    reason: null,
    disk_full: false,
    damaged_reads: 0,
    damaged_tables: [],
    missing_at_start: [],
  })
  t.is(valueOf(text, 'couchette_store_missing_at_start'), 0)
  t.is(valueOf(text, 'couchette_store_state', { state: 'healthy' }), 1)
  t.is(valueOf(text, 'couchette_store_state', { state: 'stopped' }), 0)
  t.is(valueOf(text, 'couchette_disk_size_bytes'), body.disk.total)
  t.true((valueOf(text, 'couchette_disk_free_bytes') ?? 0) > 0)
  const ends = Date.parse(body.certificate?.not_after ?? '')
  t.true(ends > Date.now())
  t.is(valueOf(text, 'couchette_tls_certificate_not_after_seconds'), ends / 1000)
  t.is(valueOf(text, 'couchdb_open_databases_total'), body.databases.open)
  t.true(body.configuration.findings >= 1)
  t.is(valueOf(text, 'couchette_configuration_findings'), body.configuration.findings)
})

test('a failed index build is counted', async t => {
  const { admin } = await securedServer(t, 'couchdb/os_process_timeout=500')
  await admin('PUT', '/db')
  await admin('PUT', '/db/a', { json: {} })
  const views = { endless: { map: 'function (doc) { while (true) {} }' } }
  await admin('PUT', '/db/_design/d', { json: { views } })
  t.is((await admin('GET', '/db/_design/d/_view/endless')).status, 500)
  const { body } = await admin<Health>('GET', HEALTH)
  t.true(body.index_builds.failures >= 1)
  const { body: text } = await admin<string>('GET', METRICS)
  t.true((valueOf(text, 'couchette_index_builds_failures_total') ?? 0) >= body.index_builds.failures)
  t.is(valueOf(text, 'couchette_index_builds_running'), 0)
})

function sorted(states: Record<string, string>): [string, string][] {
  return Object.entries(states).sort()
}

test('P11: a document with a large revision tree shows in _health and in metrics until it is purged', async t => {
  const settings = [{ section: 'couchette', key: 'large_tree_leaves', value: '3' }]
  const { url, close } = await startServer({ settings })
  t.teardown(close)
  interface Trees {
    readonly large_trees: { readonly documents: number; readonly largest: readonly object[] }
  }
  const trees = async () => (await call<Trees>(url, 'GET', HEALTH)).body.large_trees
  const leaf = (number: number) => `1-${String(number).repeat(32)}`
  await call(url, 'PUT', '/wide')
  for (const number of [1, 2]) {
    const json = { new_edits: false, docs: [{ _id: 'a', _rev: leaf(number) }] }
    await call(url, 'POST', '/wide/_bulk_docs', { json })
  }
  t.deepEqual(await trees(), { documents: 0, largest: [] })
  const json = { new_edits: false, docs: [{ _id: 'a', _rev: leaf(3), _deleted: true }] }
  await call(url, 'POST', '/wide/_bulk_docs', { json })
  const largest = [{ database: 'wide', id: 'a', leaves: 3, revisions: 3 }]
  t.deepEqual(await trees(), { documents: 1, largest })
  const { body: text } = await call<string>(url, 'GET', METRICS)
  t.is(valueOf(text, 'couchette_documents_with_large_trees'), 1)
  await call(url, 'POST', '/wide/_purge', { json: { a: [leaf(1)] } })
  t.deepEqual(await trees(), { documents: 0, largest: [] })
})

test('P11: a large revision tree is reported when it becomes large, and each time that it has doubled', t => {
  const reported: number[] = []
  const limits = { leaves: () => 0, revisions: () => 10 }
  const trees = new LargeTrees(limits, ({ revisions }) => void reported.push(revisions))
  const [name, id] = [asDatabaseName('db'), asDocId('a')]
  for (const revisions of [9, 10, 11, 19, 20, 39, 41]) trees.written(name, id, 1, revisions)
  t.deepEqual(reported, [10, 20, 41])
  trees.written(name, id, 1, 5)
  t.deepEqual(trees.list, [])
  trees.written(name, id, 1, 10)
  trees.dropped(name)
  t.deepEqual([reported, trees.list], [[10, 20, 41, 10], []])
})
