import { request } from 'undici'
import test, { type ExecutionContext } from 'ava'
import { target } from '../../../harness/client.ts'
import { addUser, securedServer, type SecuredServer } from '../../helpers/secured-server.ts'

/** Opens a continuous feed of the user and waits for its first row. Resolves with a promise of its end. */
async function feed(
  t: ExecutionContext,
  { server }: SecuredServer,
  who: string,
): Promise<{ ended: Promise<void> }> {
  const { headers } = target(server.url.replace('://', `://${who}@`))
  const response = await request(`${server.url}/db/_changes?feed=continuous&heartbeat=1000`, { headers })
  t.is(response.statusCode, 200)
  let first: () => void
  const started = new Promise<void>(resolve => (first = resolve))
  const ended = new Promise<void>(resolve => {
    response.body.on('data', () => first())
    response.body.on('close', resolve)
    response.body.on('error', () => resolve())
  })
  await started
  return { ended }
}

async function database(t: ExecutionContext, ...settings: string[]): Promise<SecuredServer> {
  const secured = await securedServer(t, ...settings)
  await secured.admin('PUT', '/db')
  await secured.admin('PUT', '/db/a', { json: {} })
  await secured.admin('PUT', '/db/_security', { json: { members: { names: ['ann'], roles: ['staff'] } } })
  return secured
}

test('a reader who is no member any more loses the feed, others keep theirs', async t => {
  const secured = await database(t)
  await addUser(secured, 'ann')
  await addUser(secured, 'bob', ['staff'])
  const [ann, bob] = [await feed(t, secured, 'ann:secret'), await feed(t, secured, 'bob:secret')]
  let bobEnded = false
  void bob.ended.then(() => (bobEnded = true))
  await secured.admin('PUT', '/db/_security', { json: { members: { roles: ['staff'] } } })
  await ann.ended
  t.false(bobEnded)
})

test('a user who is deleted loses the feed', async t => {
  const secured = await database(t)
  const rev = await addUser(secured, 'ann')
  const { ended } = await feed(t, secured, 'ann:secret')
  await secured.admin('DELETE', `/_users/org.couchdb.user:ann?rev=${rev}`)
  await ended
  t.pass()
})

test('a user who loses the role loses the feed', async t => {
  const secured = await database(t)
  const rev = await addUser(secured, 'bob', ['staff'])
  const { ended } = await feed(t, secured, 'bob:secret')
  const json = { _rev: rev, name: 'bob', type: 'user', roles: [], password: 'secret' }
  await secured.admin('PUT', '/_users/org.couchdb.user:bob', { json })
  await ended
  t.pass()
})

test('an administrator who is removed loses the feed', async t => {
  const secured = await database(t)
  await secured.admin('PUT', '/_node/_local/_config/admins/second', { json: 'pw' })
  const { ended } = await feed(t, secured, 'second:pw')
  await secured.admin('DELETE', '/_node/_local/_config/admins/second')
  await ended
  t.pass()
})

test('a user who gets another password loses the feed', async t => {
  const secured = await database(t)
  const rev = await addUser(secured, 'bob', ['staff'])
  const { ended } = await feed(t, secured, 'bob:secret')
  const json = { _rev: rev, name: 'bob', type: 'user', roles: ['staff'], password: 'another' }
  await secured.admin('PUT', '/_users/org.couchdb.user:bob', { json })
  await ended
  t.pass()
})
