import test from 'ava'
import { userDatabaseName } from '../../../../server/auth/users/peruser.ts'
import { eventually } from '../../../helpers/eventually.ts'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

const HEADERS = { 'x-couch-persist': 'false' }

async function configure(url: string, values: Record<string, string>): Promise<void> {
  for (const [key, json] of Object.entries(values))
    await call(url, 'PUT', `/_node/_local/_config/couch_peruser/${key}`, { json, headers: HEADERS })
}

async function addUser(url: string, name: string): Promise<string> {
  const json = { name, password: 'pw', roles: [], type: 'user' }
  return (await call<{ rev: string }>(url, 'PUT', `/_users/org.couchdb.user:${name}`, { json })).body.rev
}

const statusOf = async (url: string, path: string) => (await call(url, 'GET', path)).status

const SECURITY_OF_JAN = {
  members: { roles: ['_admin'], names: ['jan'] },
  admins: { roles: ['_admin'], names: ['jan'] },
}

test('the name is the prefix and the bytes of the user in hex', t => {
  t.is(userDatabaseName('userdb-', 'jan'), 'userdb-6a616e')
  t.is(userDatabaseName('u-', 'é'), 'u-c3a9')
  t.is(userDatabaseName('userdb-', 'a\tb'), 'userdb-61962')
})

test('each user has a database of their own, those from before too', withServer, async (t, { url }) => {
  await addUser(url, 'jan')
  t.is(await statusOf(url, '/userdb-6a616e'), 404)
  await configure(url, { q: '3', enable: 'true' })
  await eventually(
    'the database is there',
    async () => (await statusOf(url, '/userdb-6a616e/_security')) === 200,
  )
  await eventually("it is the user's", async () => {
    const { body } = await call(url, 'GET', '/userdb-6a616e/_security')
    return JSON.stringify(body) === JSON.stringify(SECURITY_OF_JAN)
  })
  t.is((await call<{ cluster: { q: number } }>(url, 'GET', '/userdb-6a616e')).body.cluster.q, 3)
  await addUser(url, 'eva')
  await eventually('eva has one', async () => {
    const { body } = await call<{ members?: { names?: string[] } }>(url, 'GET', '/userdb-657661/_security')
    return body.members?.names?.[0] === 'eva'
  })
  const as = (name: string) => url.replace('admin:pass', `${name}:pw`)
  t.is((await call(as('jan'), 'PUT', '/userdb-6a616e/doc', { json: {} })).status, 201)
  t.is((await call(as('jan'), 'PUT', '/userdb-6a616e/_design/d', { json: {} })).status, 201)
  t.is(await statusOf(as('eva'), '/userdb-6a616e'), 403)
})

test('with the user goes the right, or with delete_dbs the database', withServer, async (t, { url }) => {
  await configure(url, { database_prefix: 'p_', enable: 'true' })
  const jan = await addUser(url, 'jan')
  const security = async () => (await call(url, 'GET', '/p_6a616e/_security')).body
  await eventually(
    "it is jan's",
    async () => JSON.stringify(await security()) === JSON.stringify(SECURITY_OF_JAN),
  )
  await call(url, 'PUT', '/p_6a616e/_security', {
    json: { ...SECURITY_OF_JAN, admins: { names: ['eva', 'jan'], roles: ['r'] }, kept: 1.5 },
  })
  await call(url, 'DELETE', `/_users/org.couchdb.user:jan?rev=${jan}`)
  await eventually('jan has no right', async () => !JSON.stringify(await security()).includes('jan'))
  t.deepEqual(await security(), {
    members: { roles: ['_admin'], names: [] },
    admins: { names: ['eva'], roles: ['r'] },
    kept: 1.5,
  })
  await configure(url, { delete_dbs: 'true' })
  const eva = await addUser(url, 'eva')
  await eventually('eva has one', async () => (await statusOf(url, '/p_657661')) === 200)
  await call(url, 'DELETE', `/_users/org.couchdb.user:eva?rev=${eva}`)
  await eventually('it is gone', async () => (await statusOf(url, '/p_657661')) === 404)
})
