import { Worker } from 'node:worker_threads'
import anyTest, { type TestFn } from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { converged, fill, replicate } from '../../helpers/replication.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

const SETTINGS = [
  { section: 'couchette', key: 'threads', value: '2' },
  { section: 'replicator', key: 'crash_backoff', value: '1' },
  { section: 'replicator', key: 'startup_jitter', value: '0' },
  { section: 'chttpd_auth', key: 'iterations', value: '10' },
]

interface Context {
  readonly server: RunningServer
  /** Threads that were given jobs. */
  readonly jobThreads: ReadonlySet<Worker>
}

/** One server for all, as starting its threads from source takes long; each test has databases of its own. */
const test = anyTest as TestFn<Context>

let shared: Context | undefined

test.before(async () => {
  const jobThreads = watchJobThreads()
  shared = { server: await startServer({ memory: false, settings: SETTINGS }), jobThreads }
})

test.after.always(() => shared?.server.close())

test.beforeEach(t => {
  t.timeout(300_000)
  t.context = shared!
})

/** The threads of this process that are told to run jobs. */
function watchJobThreads(): ReadonlySet<Worker> {
  const seen = new Set<Worker>()
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const { postMessage } = Worker.prototype
  Worker.prototype.postMessage = function (this: Worker, ...args: Parameters<Worker['postMessage']>) {
    if ((args[0] as { kind?: string }).kind === 'open_job') seen.add(this)
    return postMessage.apply(this, args)
  }
  return seen
}

interface Job {
  readonly database: string
  readonly doc_id: string
  readonly history: readonly { readonly type: string; readonly reason?: string }[]
  readonly info: { readonly docs_written: number; readonly checkpointed_source_seq: string } | null
}

async function jobOf(url: string, id: string): Promise<Job | undefined> {
  const { body } = await call<{ jobs: Job[] }>(url, 'GET', '/_scheduler/jobs')
  return body.jobs.find(job => job.doc_id === id)
}

test.serial(
  'a database is replicated by another thread: conflicts, tombstones and attachments too',
  async t => {
    const { url } = t.context.server
    await fill(url, 'all', 50)
    const answer = await replicate(url, { source: 'all', target: `${url}/all-copy`, create_target: true })
    t.true(answer.ok)
    t.is(t.context.jobThreads.size, 1)
    await converged(url, url, 'all', 'all-copy')
    const attached = await call(url, 'GET', '/all-copy/attached-1/a.bin')
    t.is(attached.status, 200)
    t.true((await replicate(url, { source: 'all', target: `${url}/all-copy` })).no_changes)
  },
)

test.serial('errors of a run are those that it has in one thread', async t => {
  const { url, couchette } = t.context.server
  await call(url, 'PUT', '/errors')
  const missing = await replicate(url, { source: `${url}/errors-missing`, target: 'errors' })
  t.is(missing.error, 'db_not_found')
  const wrong = `${couchette.url.replace('://', '://admin:wrong@')}/errors`
  t.is((await replicate(url, { source: wrong, target: 'errors' })).error, 'replication_auth_error')
})

test.serial('a validation function refuses documents, which the job counts and the others pass', async t => {
  const { url } = t.context.server
  await fill(url, 'refusing', 20)
  await call(url, 'PUT', '/refusing-copy')
  const validate = 'function (doc) { if (doc._id === "doc-3") throw { forbidden: "not three" } }'
  await call(url, 'PUT', '/refusing-copy/_design/v', { json: { validate_doc_update: validate } })
  const answer = await replicate(url, {
    source: 'refusing',
    target: 'refusing-copy',
    doc_ids: ['doc-3', 'doc-4'],
  })
  t.is(answer.history?.[0]?.['doc_write_failures'], 1)
  t.is((await call(url, 'GET', '/refusing-copy/doc-4')).status, 200)
  t.is((await call(url, 'GET', '/refusing-copy/doc-3')).status, 404)
})

test.serial('a continuous job follows commits, shows how it stands, and goes on in a new thread', async t => {
  const { server, jobThreads } = t.context
  const { url } = server
  await call(url, 'PUT', '/live')
  await call(url, 'PUT', '/live-copy')
  await call(url, 'PUT', '/_replicator')
  const job = {
    source: `${url}/live`,
    target: `${url}/live-copy`,
    continuous: true,
    checkpoint_interval: 500,
  }
  await call(url, 'PUT', '/_replicator/live', { json: job })
  const arrives = (id: string): Promise<void> =>
    eventually(`${id} arrives`, async () => (await call(url, 'GET', `/live-copy/${id}`)).status === 200, {
      withinMs: 120_000,
    })
  await call(url, 'PUT', '/live/first', { json: {} })
  await arrives('first')
  await eventually('the listing shows it', async () => (await jobOf(url, 'live'))?.info?.docs_written === 1)
  const [before] = [...jobThreads].slice(-1)
  const threads = jobThreads.size
  await before?.terminate()
  await call(url, 'PUT', '/live/second', { json: {} })
  await arrives('second')
  t.is(jobThreads.size, threads + 1)
  const { history } = (await jobOf(url, 'live'))!
  t.true(history.some(({ type, reason }) => type === 'crashed' && /thread/.test(reason ?? '')))
  await call(
    url,
    'DELETE',
    `/_replicator/live?rev=${(await call<{ _rev: string }>(url, 'GET', '/_replicator/live')).body._rev}`,
  )
  await eventually('the job is gone', async () => (await jobOf(url, 'live')) === undefined)
})

test.serial('a job loses the rights that its user loses', async t => {
  const { url, couchette } = t.context.server
  await call(url, 'PUT', '/rights')
  await call(url, 'PUT', '/rights-copy')
  await call(url, 'PUT', '/_users')
  const json = { name: 'eva', type: 'user', roles: ['keepers'], password: 'secret' }
  await call(url, 'PUT', '/_users/org.couchdb.user:eva', { json })
  const security = { admins: {}, members: { roles: ['keepers'] } }
  for (const db of ['rights', 'rights-copy']) await call(url, 'PUT', `/${db}/_security`, { json: security })
  const as = couchette.url.replace('://', '://eva:secret@')
  const job = { source: `${as}/rights`, target: `${as}/rights-copy`, continuous: true }
  await call(url, 'PUT', '/_replicator/rights', { json: job })
  await call(url, 'PUT', '/rights/first', { json: {} })
  await eventually(
    'a document arrives',
    async () => (await call(url, 'GET', '/rights-copy/first')).status === 200,
  )
  await call(url, 'PUT', '/rights-copy/_security', { json: { members: { roles: ['others'] } } })
  await call(url, 'PUT', '/rights/second', { json: {} })
  await eventually(
    'the job crashes',
    async () => (await jobOf(url, 'rights'))?.history.some(({ type }) => type === 'crashed') === true,
  )
  t.is((await call(url, 'GET', '/rights-copy/second')).status, 404)
})
