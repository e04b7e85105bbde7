import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Checkpoints } from '../../replicator/checkpoints.ts'
import { JOB_STATES, nextState } from '../../replicator/job-state.ts'
import { ChangesQueue } from '../../replicator/pipeline/changes-queue.ts'
import { MoveProgress } from '../../replicator/pipeline/progress.ts'
import type { Peer, PeerLocalDocument } from '../../replicator/peer.ts'
import type { JobSpec } from '../../replicator/job-spec.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import { Scheduler, SCHEDULER_DEFAULTS } from '../../replicator/scheduler.ts'
import type { Checkpoint } from '../../protocol/checkpoint.ts'
import { hashTerms } from '../../protocol/replication-id.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'

function settings(values: Record<string, string>): { section: string; key: string; value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ section: 'replicator', key, value }))
}

async function withSettings(
  values: Record<string, string>,
  body: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await startServer({ settings: settings(values) })
  try {
    await body(server)
  } finally {
    await server.close()
  }
}

test('only what CouchDB allows leads from one state to another', t => {
  t.is(nextState('initializing', 'identified'), 'pending')
  t.is(nextState('pending', 'started'), 'running')
  t.is(nextState('running', 'crashed'), 'crashing')
  t.is(nextState('crashing', 'started'), 'running')
  t.is(nextState('running', 'finished'), 'completed')
  for (const state of JOB_STATES) {
    if (state !== 'running') t.throws(() => nextState(state, 'finished'))
    if (state === 'completed' || state === 'failed') t.throws(() => nextState(state, 'started'))
  }
})

test('a job that crashed starts again at once when what made it crash may be over', async t => {
  const scheduler = new Scheduler({ ...SCHEDULER_DEFAULTS, backoffMs: 3_600_000 })
  t.teardown(() => scheduler.close())
  let opened = 0
  const spec = {
    id: 'job',
    localSource: null,
    plan: { options: { continuous: true, connectionTimeoutMs: 1000 } },
    document: { database: '_replicator', id: 'job' },
    open: () => {
      opened += 1
      throw new PeerError('service_unavailable', 'the disk is full', { status: 503 })
    },
  } as unknown as JobSpec
  const job = scheduler.add(spec, () => undefined)
  await eventually('it crashes', () => job.state === 'crashing')
  t.is(opened, 1)
  scheduler.retryCrashed()
  await eventually('it crashes again', () => opened === 2 && job.state === 'crashing')
  t.is(job.crashes, 2)
})

test('a checkpoint never passes a batch that is not done', t => {
  const progress = new MoveProgress('start')
  const done = (ordinal: number): void => progress.done({ ordinal, rows: [], seq: `seq-${ordinal}` })
  done(1)
  done(2)
  t.is(progress.through, 'start')
  done(0)
  t.is(progress.through, 'seq-2')
  done(4)
  t.is(progress.through, 'seq-2')
  t.is(progress.highest, 'seq-4')
})

/** A peer that keeps one checkpoint; with `loseAnswer` it takes a write whose caller has gone meanwhile. */
class CheckpointPeer {
  readonly url = 'http://peer.test/db/'
  loseAnswer = false
  document: PeerLocalDocument | null = null
  #writes = 0

  info = async () => ({ instanceStartTime: '1' })
  ensureFullCommit = async () => '1'
  getLocal = async () => this.document

  async putLocal(_id: string, body: unknown, rev: string | undefined): Promise<string> {
    if (rev !== this.document?.rev) throw new PeerError('conflict', 'Document update conflict.')
    const document = { rev: `0-${++this.#writes}`, body }
    this.document = document
    if (this.loseAnswer) throw new Error('the run has ended')
    return document.rev
  }
}

for (const side of ['source', 'target'] as const) {
  test(`a checkpoint whose answer from the ${side} did not come is no sign of another database`, async t => {
    const peers = { source: new CheckpointPeer(), target: new CheckpointPeer() }
    const checkpoints = new Checkpoints(
      peers.source as unknown as Peer,
      peers.target as unknown as Peer,
      hashTerms([]),
      { source: '1', target: '1' },
    )
    const { signal } = new AbortController()
    await checkpoints.resume([], signal)
    const checkpoint = (seq: number): Checkpoint => ({
      session_id: 's',
      source_last_seq: seq,
      replication_id_version: 4,
      history: [],
    })
    await checkpoints.save(checkpoint(1), signal)
    peers[side].loseAnswer = true
    await t.throwsAsync(checkpoints.save(checkpoint(2), signal), { message: 'the run has ended' })
    peers[side].loseAnswer = false
    await checkpoints.save(checkpoint(3), signal)
    t.is((peers.source.document?.body as Checkpoint).source_last_seq, 3)
    t.is((peers.target.document?.body as Checkpoint).source_last_seq, 3)
    peers[side].document = null
    await t.throwsAsync(checkpoints.save(checkpoint(4), signal), { message: /out of sync/ })
  })
}

test('a worker takes what is there, up to its batch size, and a reader waits when the queue is full', async t => {
  const queue = new ChangesQueue(3)
  const rows = (n: number): { seq: number; rows: { seq: number; id: string; revs: string[] }[] } => ({
    seq: n,
    rows: Array.from({ length: n }, (_, at) => ({ seq: at, id: `d${at}`, revs: [] })),
  })
  await queue.put(rows(1))
  let full = true
  const waiting = queue.put(rows(2)).then(() => (full = false))
  await Promise.resolve()
  t.true(full)
  t.is((await queue.take(10))?.rows.length, 3)
  await waiting
  queue.end()
  t.is(await queue.take(10), undefined)
})

/** A turn takes as long as two jobs need to stop. */
const PATIENT = { withinMs: 60_000 }

interface Listing {
  readonly jobs: readonly {
    readonly doc_id: string
    readonly history: readonly { readonly type: string }[]
  }[]
}

test('more jobs than there is room for all get their turn, and a changed source gets it at once', async (t: ExecutionContext) => {
  await withSettings({ max_jobs: '2', interval: '300', max_churn: '2' }, async ({ url }) => {
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const name of names) {
      await call(url, 'PUT', `/${name}`)
      await call(url, 'PUT', `/${name}-copy`)
      await call(url, 'PUT', `/${name}/first`, { json: {} })
      const job = { source: `${url}/${name}`, target: `${url}/${name}-copy`, continuous: true }
      await call(url, 'PUT', `/_replicator/${name}`, { json: job })
    }
    const arrived = async (name: string, id: string): Promise<boolean> =>
      (await call(url, 'GET', `/${name}-copy/${id}`)).status === 200
    for (const name of names) await eventually(`${name} had its turn`, () => arrived(name, 'first'), PATIENT)
    for (const name of names) await call(url, 'PUT', `/${name}/second`, { json: {} })
    for (const name of names) await eventually(`${name} was woken`, () => arrived(name, 'second'), PATIENT)
    const { body } = await call<Listing>(url, 'GET', '/_scheduler/jobs')
    t.is(body.jobs.length, names.length)
    t.true(body.jobs.some(({ history }) => history.some(({ type }) => type === 'stopped')))
  })
})

interface Failures {
  readonly total: number
  readonly failures: readonly {
    readonly id: string
    readonly rev: string
    readonly status: number
    readonly tries: number
  }[]
}

test('documents that the target refuses are listed, and written when it takes them', async t => {
  await withSettings({}, async ({ url }) => {
    for (const name of ['from', 'to']) await call(url, 'PUT', `/${name}`)
    const validate = "function (doc) { if (doc.bad) throw { forbidden: 'bad ' + doc._id } }"
    const ddoc = await call(url, 'PUT', '/to/_design/v', { json: { validate_doc_update: validate } })
    await call(url, 'PUT', '/from/good', { json: {} })
    const bad = await call(url, 'PUT', '/from/bad', { json: { bad: true } })
    const job = { source: `${url}/from`, target: `${url}/to`, continuous: true }
    await call(url, 'PUT', '/_replicator/job', { json: job })
    const path = '/_scheduler/docs/_replicator/job/failures'
    const listed = async (): Promise<Failures> => (await call<Failures>(url, 'GET', path)).body
    await eventually('the failure is listed', async () => (await listed()).total === 1)
    const [failure] = (await listed()).failures
    t.like(failure, { id: 'bad', rev: bad.body.rev as string, status: 403, tries: 1 })
    t.like((await call(url, 'POST', path)).body, { ok: true, written: 0, failures: 1 })
    t.is((await listed()).failures[0]?.tries, 2)
    await call(url, 'DELETE', `/to/_design/v?rev=${String(ddoc.body.rev)}`)
    await eventually('the target takes it', async () => (await call(url, 'POST', path)).body.failures === 0)
    t.is((await call(url, 'GET', '/to/bad')).status, 200)
    t.is((await listed()).total, 1)
  })
})

test('P9: metrics and tasks tell how each job stands, without credentials', async t => {
  await withSettings({}, async ({ url }) => {
    for (const name of ['from', 'to']) await call(url, 'PUT', `/${name}`)
    await call(url, 'PUT', '/from/d', { json: {} })
    const job = { source: `${url}/from`, target: `${url}/to`, continuous: true }
    await call(url, 'POST', '/_replicate', { json: job })
    const metrics = async (): Promise<string> =>
      (await call<string>(url, 'GET', '/_node/_local/_prometheus')).body
    await eventually('a document is counted', async () => /docs_written_total\{.*\} 1/.test(await metrics()))
    t.regex(await metrics(), /couchdb_replication_jobs\{state="running"\} 1/)
    t.notRegex(await metrics(), /:pass@/)
    const { body } = await call<Record<string, unknown>[]>(url, 'GET', '/_active_tasks')
    t.like(body[0], { type: 'replication', continuous: true, docs_written: 1 })
    t.false('bytes_read' in (body[0] ?? {}))
    const { body: told } = await call<Record<string, unknown>[]>(url, 'GET', '/_active_tasks?lag=true')
    t.true(Number(told[0]?.bytes_read) > 0 && Number(told[0]?.bytes_written) > 0)
    t.regex(await metrics(), /couchdb_replication_bytes_written\{.*\} [1-9]/)
  })
})
