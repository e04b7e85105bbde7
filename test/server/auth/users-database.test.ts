import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { addUser, securedServer, type SecuredServer } from '../../helpers/secured-server.ts'

const CONFIG = '/_node/_local/_config'
const user = (name: string, members: object = {}) => ({
  name,
  type: 'user',
  roles: [],
  password: 'secret',
  ...members,
})

test('the users database has the design document that clients look for, also after it was made again', async t => {
  const { admin, as } = await securedServer(t)
  const isThere = () =>
    eventually('the design document is there', async () => {
      const { status, body } = await admin('GET', '/_users/_design/_auth')
      return status === 200 && typeof body.validate_doc_update === 'string'
    })
  await isThere()
  t.is((await as(undefined)('GET', '/_users/_design/_auth')).status, 401)
  t.is((await admin('DELETE', '/_users')).status, 200)
  t.is((await admin('PUT', '/_users')).status, 201)
  await isThere()
})

test('a copy of the users database judges documents as the database itself does', async t => {
  const secured = await securedServer(t)
  const { admin } = secured
  await addUser(secured, 'ann')
  t.is(
    (await admin('POST', '/_replicate', { json: { source: '_users', target: 'copy', create_target: true } }))
      .status,
    200,
  )
  const cases: object[] = [
    user('tom', { type: 'not user' }),
    user('tom', { roles: 'none' }),
    user('tom', { roles: [12] }),
    user('tom', { roles: undefined }),
    user('tom', { name: undefined }),
    user('tom', { name: 'other' }),
    user('tom', { roles: ['_admin'] }),
    user('tom', { password_scheme: 'md5', password: undefined }),
    user('tom', { password_scheme: 'pbkdf2', password: undefined }),
    user('tom', { password: undefined }),
  ]
  for (const json of cases) {
    const path = 'org.couchdb.user:tom'
    const [here, there] = [
      await admin('PUT', `/_users/${path}`, { json }),
      await admin('PUT', `/copy/${path}`, { json }),
    ]
    t.deepEqual([here.status, here.body.reason], [there.status, there.body.reason], JSON.stringify(json))
  }
  for (const name of ['_why', 'a:b']) {
    const json = user(name)
    const path = `org.couchdb.user:${encodeURIComponent(name)}`
    const [here, there] = [
      await admin('PUT', `/_users/${path}`, { json }),
      await admin('PUT', `/copy/${path}`, { json }),
    ]
    t.deepEqual([here.status, here.body.reason], [403, there.body.reason])
  }
})

test('another users database holds as soon as the configuration names it, and as long', async t => {
  const { admin, as } = await securedServer(t)
  await admin('PUT', '/people')
  await admin('PUT', '/people/_security', { json: {} })
  const asBob = () => as('bob:secret')('GET', '/_session')
  t.is((await asBob()).status, 401)
  const path = `${CONFIG}/chttpd_auth/authentication_db`
  t.is((await admin('PUT', path, { json: 'people' })).status, 200)
  t.is(
    (await admin('PUT', '/people/org.couchdb.user:bob', { json: user('bob', { roles: ['dev'] }) })).status,
    201,
  )
  const { body } = await admin('GET', '/people/org.couchdb.user:bob')
  t.is(body.password, undefined)
  t.is(body.password_scheme, 'pbkdf2')
  t.like((await asBob()).body, {
    userCtx: { name: 'bob', roles: ['dev'] },
    info: { authentication_db: 'people' },
  })
  t.is((await as(undefined)('GET', '/people/org.couchdb.user:bob')).status, 404)
  t.is((await admin('DELETE', path)).status, 200)
  t.is((await asBob()).status, 401)
})

test('lookups of users are counted as hits and misses of the cache', async t => {
  const secured = await securedServer(t)
  await addUser(secured, 'ann')
  const count = async (name: string) => {
    const { body } = await secured.admin<{ value: number }>('GET', `/_node/_local/_stats/couchdb/${name}`)
    return body.value
  }
  const login = () => secured.as('ann:secret')('GET', '/_session')
  const misses = await count('auth_cache_misses')
  await login()
  t.is(await count('auth_cache_misses'), misses + 1)
  const hits = await count('auth_cache_hits')
  await login()
  t.is(await count('auth_cache_hits'), hits + 1, 'administrators without a document are not counted')
  t.is(await count('auth_cache_misses'), misses + 1)
})

test('default_security says who may use databases made from then on, those of the system too', async t => {
  const secured = await securedServer(t, 'couchdb/default_security=everyone')
  const { admin, as } = secured
  await addUser(secured, 'ann')
  t.is((await as('ann:secret')('GET', '/_users/org.couchdb.user:ann')).status, 200)
  t.is((await as(undefined)('GET', '/_users/org.couchdb.user:ann')).status, 404)
  await admin('PUT', '/open')
  await admin('PUT', '/_node/_local/_config/couchdb/default_security', { json: 'admin_only' })
  await admin('PUT', '/closed')
  t.is((await as('ann:secret')('PUT', '/open/doc', { json: {} })).status, 201)
  t.is((await as('ann:secret')('PUT', '/closed/doc', { json: {} })).status, 403)
})

test('who asks for _up may be left unasked while all others must be known', async t => {
  const { admin, as } = await securedServer(t)
  const anonymous = async (path: string) => (await as(undefined)('GET', path)).status
  for (const [all, butUp, up, root] of [
    ['false', 'false', 200, 200],
    ['false', 'true', 200, 401],
    ['true', 'false', 401, 401],
    ['true', 'true', 200, 401],
  ] as const) {
    const config = '/_node/_local/_config/chttpd/require_valid_user'
    await admin('PUT', config, { json: all })
    await admin('PUT', `${config}_except_for_up`, { json: butUp })
    t.deepEqual([await anonymous('/_up'), await anonymous('/')], [up, root], `${all} ${butUp}`)
  }
})

test('a changed document of another user is no miss of the cache, and neither is a changed one', async t => {
  const secured = await securedServer(t)
  const rev = await addUser(secured, 'ann')
  await addUser(secured, 'bob')
  const counted = async (name: string): Promise<readonly number[]> => {
    const before = await lookups(secured)
    await secured.as(`${name}:secret`)('GET', '/_session')
    const after = await lookups(secured)
    return after.map((value, index) => value - (before[index] ?? 0))
  }
  t.deepEqual(await counted('ann'), [0, 1])
  t.deepEqual(await counted('bob'), [0, 1])
  await secured.admin('DELETE', `/_users/org.couchdb.user:ann?rev=${rev}`)
  t.deepEqual(await counted('bob'), [1, 0])
  t.deepEqual(await counted('ann'), [1, 0])
})

test('passwords that are hashed and such as are not are counted', async t => {
  const secured = await securedServer(t)
  await addUser(secured, 'ann')
  const counted = async (password: string): Promise<readonly number[]> => {
    const read = async (): Promise<number[]> => [await slow(secured), await fast(secured)]
    const before = await read()
    await secured.as(`ann:${password}`)('GET', '/_session')
    const after = await read()
    // The administrator's own requests are fast.
    return [(after[0] ?? 0) - (before[0] ?? 0), (after[1] ?? 0) - (before[1] ?? 0) - 2]
  }
  t.deepEqual(await counted('wrong'), [1, 0])
  t.deepEqual(await counted('secret'), [1, 1])
  t.deepEqual(await counted('secret'), [0, 1])
})

async function lookups(secured: SecuredServer): Promise<readonly number[]> {
  return [await statistic(secured, 'auth_cache_hits'), await statistic(secured, 'auth_cache_misses')]
}

const slow = (secured: SecuredServer) => statistic(secured, 'password_hashing_slow')
const fast = (secured: SecuredServer) => statistic(secured, 'password_hashing_fast')

async function statistic({ admin }: SecuredServer, name: string): Promise<number> {
  return (await admin<{ value: number }>('GET', `/_node/_local/_stats/couchdb/${name}`)).body.value
}

test("_security of the configured users database alone cannot be changed, as CouchDB's", async t => {
  const refusal = "You can't edit the security object of the user database."
  for (const configured of ['_users', 'shop/_users', 'people']) {
    const { admin } = await securedServer(t, `chttpd_auth/authentication_db=${configured}`)
    for (const name of ['_users', 'shop/_users', 'people', 'shop/_replicator']) {
      const path = encodeURIComponent(name)
      await admin('PUT', `/${path}`)
      const { status, body } = await admin('PUT', `/${path}/_security`, {
        json: { members: { names: ['a'] } },
      })
      const expected = name === configured ? [403, refusal] : [200, undefined]
      t.deepEqual([status, body['reason']], expected, `${name} where ${configured} is the users database`)
    }
  }
})
