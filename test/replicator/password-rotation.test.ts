import { chmod } from 'node:fs/promises'
import test, { type ExecutionContext } from 'ava'
import { projectFile } from '../../harness/project.ts'
import { eventually } from '../helpers/eventually.ts'
import { addUser, securedServer, type SecuredServer } from '../helpers/secured-server.ts'

const fixture = (name: string): string => projectFile(`fixtures/tls/${name}`)

const SESSION_SECONDS = 2
const MEMBERS = { admins: { names: [], roles: [] }, members: { names: ['sync'], roles: [] } }

interface TlsNode extends SecuredServer {
  readonly tlsUrl: string
}

interface JobState {
  readonly state: string
  readonly info: { readonly error?: string; readonly doc_write_failures?: number } | null
}

/** Basic is not among them: what the replication reads and writes it reads and writes with its cookie. */
const HANDLERS = ['cookie', 'proxy'].map(name => `{chttpd_auth, ${name}_authentication_handler}`).join(', ')
const AS_ADMIN = { 'X-Auth-CouchDB-UserName': 'admin', 'X-Auth-CouchDB-Roles': '_admin' }

/** A node that speaks TLS under the authority of the tests, and trusts that authority alone. */
async function tlsNode(t: ExecutionContext): Promise<TlsNode> {
  // A checkout does not keep modes, and a key that others can read is refused.
  await chmod(fixture('server.key'), 0o600)
  const secured = await securedServer(
    t,
    'ssl/enable=true',
    'ssl/port=0',
    `ssl/cert_file=${fixture('server.pem')}`,
    `ssl/key_file=${fixture('server.key')}`,
    'replicator/verify_ssl_certificates=true',
    `replicator/ssl_trusted_certificates_file=${fixture('ca.pem')}`,
    'replicator/crash_backoff=200',
    'replicator/interval=200',
    'replicator/checkpoint_interval=500',
    `chttpd_auth/timeout=${SESSION_SECONDS}`,
    `chttpd/authentication_handlers=${HANDLERS}`,
  )
  const admin: TlsNode['admin'] = (method, path, options) =>
    secured.as<never>(undefined)(method, path, { ...options, headers: AS_ADMIN })
  return { ...secured, admin, tlsUrl: `https://127.0.0.1:${secured.server.tlsPort ?? 0}` }
}

/** A node with a database that the user `sync` may use. */
async function nodeWithUser(t: ExecutionContext): Promise<TlsNode> {
  const node = await tlsNode(t)
  await addUser(node, 'sync')
  await node.admin('PUT', '/db')
  t.is((await node.admin('PUT', '/db/_security', { json: MEMBERS })).status, 200)
  t.is((await node.as('sync:secret')('GET', '/db')).status, 401)
  return node
}

async function changePassword({ admin }: TlsNode, password: string): Promise<number> {
  const path = '/_users/org.couchdb.user:sync'
  const { body } = await admin('GET', path)
  return (await admin('PUT', path, { json: { ...body, password } })).status
}

const jobBetween = (source: TlsNode, target: TlsNode, passwords: { source: string; target: string }) => {
  const side = (node: TlsNode, password: string) => ({
    url: `${node.tlsUrl}/db`,
    auth: { basic: { username: 'sync', password } },
  })
  return { source: side(source, passwords.source), target: side(target, passwords.target) }
}

test('a continuous job over TLS outlives its sessions, says that its password was changed, and goes on with the new one', async t => {
  const [source, target] = await Promise.all([nodeWithUser(t), nodeWithUser(t)])
  const write = async (id: string) =>
    t.is((await source.admin('PUT', `/db/${id}`, { json: { id } })).status, 201)
  const arrived = (id: string) =>
    eventually(`${id} has arrived`, async () => (await target.admin('GET', `/db/${id}`)).status === 200)
  const job = '/_replicator/rotation'
  const submit = async (passwords: { source: string; target: string }) => {
    const { body } = await target.admin<{ _rev?: string }>('GET', job)
    const json = { ...jobBetween(source, target, passwords), continuous: true, _rev: body._rev }
    t.is((await target.admin('PUT', job, { json })).status, 201)
  }
  const state = async () =>
    (await target.admin<JobState>('GET', '/_scheduler/docs/_replicator/rotation')).body

  await write('first')
  await submit({ source: 'secret', target: 'secret' })
  await arrived('first')

  // No request of the job falls into the session's life: the feed waits longer than that.
  await new Promise(resolve => setTimeout(resolve, (SESSION_SECONDS + 1) * 1000))
  await write('after the session')
  await arrived('after the session')
  t.is((await state()).state, 'running')

  for (const [changed, passwords] of [
    [source, { source: 'second secret', target: 'secret' }],
    [target, { source: 'second secret', target: 'another secret' }],
  ] as const) {
    const name = changed === source ? 'source' : 'target'
    t.is(await changePassword(changed, passwords[name]), 201)
    await write(`while the ${name} refuses`)
    await eventually(`the job says that the ${name} refuses it`, async () => {
      const { state: now, info } = await state()
      return now === 'crashing' && /unauthorized.*sync/.test(info?.error ?? '')
    })
    t.is((await target.admin('GET', `/db/while the ${name} refuses`)).status, 404)
    await submit(passwords)
    await arrived(`while the ${name} refuses`)
    await eventually('the job runs', async () => (await state()).state === 'running')
  }

  const { info } = await state()
  t.is(info?.doc_write_failures, 0)
  const shown = JSON.stringify([
    (await target.admin('GET', '/_scheduler/jobs')).body,
    (await target.admin('GET', '/_active_tasks')).body,
    (await target.admin('GET', '/_scheduler/docs')).body,
  ])
  t.notRegex(shown, /secret/)
})

test('a job over TLS does not speak to a node whose authority it does not trust', async t => {
  const [source, target] = await Promise.all([nodeWithUser(t), nodeWithUser(t)])
  const stranger = await securedServer(
    t,
    'replicator/verify_ssl_certificates=true',
    'replicator/retries_per_request=1',
  )
  const json = jobBetween(source, target, { source: 'secret', target: 'secret' })
  const trusted = await target.admin('POST', '/_replicate', { json })
  t.is(trusted.status, 200, JSON.stringify(trusted.body))
  const refused = await stranger.admin('POST', '/_replicate', { json })
  t.not(refused.status, 200)
  t.notRegex(JSON.stringify(refused.body), /secret/)
})
