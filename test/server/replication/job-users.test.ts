import test, { type ExecutionContext } from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { addUser, securedServer, type SecuredServer } from '../../helpers/secured-server.ts'

/** Jobs have the rights that their user has now, and not those of the time when they were made. */

interface Listed {
  readonly jobs: readonly {
    readonly id: string
    readonly history: readonly { reason?: string; type: string }[]
  }[]
}

const SETTINGS = ['replicator/crash_backoff=20', 'replicator/startup_jitter=0']

async function withDatabases(t: ExecutionContext, ...settings: string[]): Promise<SecuredServer> {
  const secured = await securedServer(t, ...SETTINGS, ...settings)
  const json = { admins: {}, members: { roles: ['movers'] } }
  for (const db of ['from', 'to']) {
    await secured.admin('PUT', `/${db}`)
    await secured.admin('PUT', `/${db}/_security`, { json })
  }
  return secured
}

/** Starts a continuous job and waits until it has moved a document. */
async function startJob({ as, admin }: SecuredServer, who: string, body: object): Promise<void> {
  await admin('PUT', '/from/before', { json: {} })
  const started = await as(who)('POST', '/_replicate', { json: { ...body, continuous: true } })
  if (started.status !== 202) throw new Error(JSON.stringify(started.body))
  await eventually('it has moved a document', async () => (await admin('GET', '/to/before')).status === 200)
}

async function endsRefused(t: ExecutionContext, { admin }: SecuredServer): Promise<void> {
  t.is((await admin('PUT', '/from/after', { json: {} })).status, 201)
  await eventually('the job is refused', async () => {
    const { body } = await admin<Listed>('GET', '/_scheduler/jobs')
    return body.jobs.some(({ history }) =>
      history.some(({ reason }) => /unauthorized|forbidden/.test(reason ?? '')),
    )
  })
  t.is((await admin('GET', '/to/after')).status, 404)
}

for (const [title, body] of [
  ['names', () => ({ source: 'from', target: 'to' })],
  [
    'URLs',
    (url: string, who: string) => {
      const own = url.replace('://', `://${who}@`)
      return { source: `${own}/from`, target: `${own}/to` }
    },
  ],
] as const) {
  test(`an administrator who is removed takes the rights of the own jobs along (${title})`, async t => {
    const secured = await withDatabases(t)
    const { admin, server } = secured
    t.is((await admin('PUT', '/_node/_local/_config/admins/other', { json: 'secret' })).status, 200)
    await startJob(secured, 'other:secret', body(server.url, 'other:secret'))
    t.is((await admin('DELETE', '/_node/_local/_config/admins/other')).status, 200)
    await endsRefused(t, secured)
  })

  test(`a user who loses a role takes the rights of the own jobs along (${title})`, async t => {
    const secured = await withDatabases(t)
    const rev = await addUser(secured, 'ann', ['movers'])
    await startJob(secured, 'ann:secret', body(secured.server.url, 'ann:secret'))
    const json = { name: 'ann', type: 'user', roles: [], password: 'secret', _rev: rev }
    t.is((await secured.admin('PUT', '/_users/org.couchdb.user:ann', { json })).status, 201)
    await endsRefused(t, secured)
  })

  test(`a new password ends the jobs that were made with the old one (${title})`, async t => {
    const secured = await withDatabases(t)
    const rev = await addUser(secured, 'ann', ['movers'])
    await startJob(secured, 'ann:secret', body(secured.server.url, 'ann:secret'))
    const json = { name: 'ann', type: 'user', roles: ['movers'], password: 'other', _rev: rev }
    t.is((await secured.admin('PUT', '/_users/org.couchdb.user:ann', { json })).status, 201)
    await endsRefused(t, secured)
  })
}

test('a job of another user is neither joined nor replaced, and own ones with other credentials are', async t => {
  const secured = await withDatabases(t, 'chttpd_auth_lockout/mode=off')
  const { as, admin, server } = secured
  for (const name of ['ann', 'bob']) await addUser(secured, name, ['movers'])
  const urls = (password: string) => {
    const own = server.url.replace('://', `://ann:${password}@`)
    return { source: `${own}/from`, target: `${own}/to` }
  }
  await startJob(secured, 'ann:secret', urls('secret'))
  const again = { json: { ...urls('secret'), continuous: true } }
  t.is((await as('ann:secret')('POST', '/_replicate', again)).status, 202)
  const joined = await as('bob:secret')('POST', '/_replicate', again)
  t.deepEqual([joined.status, joined.body.reason], [401, 'You are not a server admin.'])
  const running = async () => (await admin<Listed>('GET', '/_scheduler/jobs')).body.jobs
  t.is((await running()).length, 1)
  const wrong = { json: { ...urls('wrong'), continuous: true } }
  t.is((await as('ann:secret')('POST', '/_replicate', wrong)).status, 202)
  await eventually('the job with the wrong password is refused', async () => {
    const [job] = await running()
    return job === undefined || job.history.some(({ type }) => type === 'crashed')
  })
})

test('of documents that ask for the same replication the first runs, whatever the passwords', async t => {
  const secured = await withDatabases(t)
  const { admin, server } = secured
  await addUser(secured, 'ann', ['movers'])
  const request = (password: string) => {
    const own = server.url.replace('://', `://ann:${password}@`)
    return { source: `${own}/from`, target: `${own}/to`, continuous: true }
  }
  t.is((await admin('PUT', '/_replicator/first', { json: request('secret') })).status, 201)
  interface Doc {
    readonly state: string
    readonly id: string
    readonly info: { readonly error?: string }
  }
  const doc = async (id: string) => (await admin<Doc>('GET', `/_scheduler/docs/_replicator/${id}`)).body
  await eventually('it runs', async () => (await doc('first')).state === 'running')
  t.is((await admin('PUT', '/_replicator/second', { json: request('wrong') })).status, 201)
  await eventually('the other one fails', async () => (await doc('second')).state === 'failed')
  const { id } = await doc('first')
  t.is(
    (await doc('second')).info.error,
    `Replication \`${id}\` specified by document \`second\` already started, triggered by document \`first\` from db \`_replicator\``,
  )
  const posted = await admin('POST', '/_replicate', { json: request('wrong') })
  t.deepEqual([posted.status, posted.body.error], [409, 'conflict'])
  t.is((await doc('first')).state, 'running')
})

test('a document waits while a client runs the same replication', async t => {
  const secured = await withDatabases(t)
  const { admin, server } = secured
  const own = server.url.replace('://', '://admin:pass@')
  const request = { source: `${own}/from`, target: `${own}/to`, continuous: true }
  const { body } = await admin<{ _local_id: string }>('POST', '/_replicate', { json: request })
  t.is((await admin('PUT', '/_replicator/doc', { json: request })).status, 201)
  const doc = async () =>
    (await admin<{ state: string; info: { error?: string } }>('GET', '/_scheduler/docs/_replicator/doc')).body
  await eventually('it waits', async () => (await doc()).state === 'error')
  t.is(
    (await doc()).info.error,
    `Replication \`${body._local_id}\` specified by document \`doc\` already running as a transient replication, started via \`_replicate\` API endpoint`,
  )
})
