import test from 'ava'
import { call } from '../../../helpers/http.ts'
import { addUser, ADMIN, securedServer, type SecuredServer } from '../../../helpers/secured-server.ts'

const JSON_LOGIN = { name: 'ann', password: 'secret' }

async function logIn({ server }: SecuredServer, login = JSON_LOGIN): Promise<string> {
  const { headers } = await call(server.url, 'POST', '/_session', { json: login })
  return String(headers['set-cookie']).split(';')[0] ?? ''
}

async function nameOf({ server }: SecuredServer, cookie: string): Promise<string | null> {
  const { body } = await call<{ userCtx: { name: string | null } }>(server.url, 'GET', '/_session', {
    headers: { cookie },
  })
  return body.userCtx.name
}

test('a cookie is invalid after the password changes', async t => {
  const secured = await securedServer(t)
  const rev = await addUser(secured, 'ann')
  const cookie = await logIn(secured)
  t.is(await nameOf(secured, cookie), 'ann')
  const json = { _rev: rev, name: 'ann', type: 'user', roles: [], password: 'other' }
  t.is((await secured.admin('PUT', '/_users/org.couchdb.user:ann', { json })).status, 201)
  t.is(await nameOf(secured, cookie), null)
  t.is((await secured.as('ann:secret')('GET', '/_session')).status, 401)
  t.is((await secured.as('ann:other')('GET', '/_session')).status, 200)
})

test('a cookie is renewed after a tenth of its life, and over after its timeout', async t => {
  const secured = await securedServer(t, 'chttpd_auth/timeout=10')
  await addUser(secured, 'ann')
  const cookie = await logIn(secured)
  await new Promise(resolve => setTimeout(resolve, 2100))
  const { headers } = await call(secured.server.url, 'GET', '/_session', { headers: { cookie } })
  const renewed = String(headers['set-cookie']).split(';')[0] ?? ''
  t.not(renewed, cookie)
  t.is(await nameOf(secured, renewed), 'ann')
  await secured.admin('PUT', '/_node/_local/_config/chttpd_auth/timeout', { json: '1' })
  t.is(await nameOf(secured, cookie), null)
})

test('forged and truncated cookies are as good as none', async t => {
  const secured = await securedServer(t)
  await addUser(secured, 'ann')
  const cookie = await logIn(secured)
  const other = await logIn(secured, { name: 'admin', password: 'pass' })
  const [, name = ''] = /AuthSession=(.{8})/.exec(cookie) ?? []
  for (const bad of [cookie.slice(0, -4), `${cookie}AAAA`, cookie.replace(name, other.slice(12, 20))]) {
    const { status, body } = await call(secured.server.url, 'GET', '/_session', { headers: { cookie: bad } })
    t.true(status === 400 || (body as { userCtx: { name: unknown } }).userCtx.name === null)
  }
})

test('a login may send browsers on to a path of this server, and to no other place', async t => {
  const { server } = await securedServer(t)
  const login = (next: string) =>
    call(server.url, 'POST', `/_session?next=${encodeURIComponent(next)}`, {
      json: { name: 'admin', password: 'pass' },
    })
  const { status, headers } = await login('/db/doc')
  t.is(status, 302)
  t.is(headers['location'], `${server.url}/db/doc`)
  t.is((await login('https://evil.example/')).status, 400)
  t.true(String((await login('//evil.example/')).headers['location']).startsWith(`${server.url}/`))
})

test('five wrong passwords lock a name for the address, the right one too, until the password changes', async t => {
  const secured = await securedServer(t, 'couchette/trusted_proxies=127.0.0.1')
  const rev = await addUser(secured, 'ann')
  for (let attempt = 0; attempt < 5; attempt++) t.is((await secured.as('ann:wrong')('GET', '/')).status, 401)
  const { status, body } = await secured.as('ann:secret')('GET', '/')
  t.is(status, 403)
  t.is(body['reason'], 'Account is temporarily locked due to multiple authentication failures')
  const elsewhere = { 'x-forwarded-for': '192.0.2.1' }
  t.is((await secured.as('ann:secret')('GET', '/', { headers: elsewhere })).status, 200)
  const json = { _rev: rev, name: 'ann', type: 'user', roles: [], password: 'other' }
  await secured.admin('PUT', '/_users/org.couchdb.user:ann', { json })
  t.is((await secured.as('ann:other')('GET', '/')).status, 200)
})

test('a login hashes an old password again, and sessions go on', async t => {
  const secured = await securedServer(t, 'couchette/password_upgrade_delay=0')
  const old = {
    name: 'ann',
    type: 'user',
    roles: ['r'],
    salt: 'salt',
    password_sha: 'c88e9c67041a74e0357befdff93f87dde0904214',
  }
  await secured.admin('PUT', '/_users/org.couchdb.user:ann', { json: old })
  const cookie = await logIn(secured, { name: 'ann', password: 'password' })
  let document: Record<string, unknown> = {}
  for (let turn = 0; turn < 100 && document['password_scheme'] === undefined; turn++) {
    document = (await secured.admin('GET', '/_users/org.couchdb.user:ann')).body
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  t.like(document, {
    password_scheme: 'pbkdf2',
    pbkdf2_prf: 'sha256',
    iterations: 10,
    salt: 'salt',
    roles: ['r'],
  })
  t.is(await nameOf(secured, cookie), 'ann')
  t.is((await secured.as('ann:password')('GET', '/_session')).status, 200)
})

test('an administrator of the configuration may have a document with further roles', async t => {
  const secured = await securedServer(t)
  const json = { name: 'admin', type: 'user', roles: ['staff'], password: null }
  t.is((await secured.admin('PUT', '/_users/org.couchdb.user:admin', { json })).status, 201)
  const { body } = await secured.as<{ userCtx: unknown }>(ADMIN)('GET', '/_session')
  t.deepEqual(body.userCtx, { name: 'admin', roles: ['_admin', 'staff'] })
})

test('a user with a second factor logs in with a token, and never by Basic', async t => {
  const secured = await securedServer(t)
  const totp = { key: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }
  const json = { name: 'ann', type: 'user', roles: [], password: 'secret', totp }
  await secured.admin('PUT', '/_users/org.couchdb.user:ann', { json })
  t.is((await secured.as('ann:secret')('GET', '/')).status, 401)
  t.is((await call(secured.server.url, 'POST', '/_session', { json: JSON_LOGIN })).status, 401)
})

test('new passwords must match the rules that are configured', async t => {
  const secured = await securedServer(
    t,
    'chttpd_auth/password_regexp=[{".{10,}", "Min length is 10 chars."}, "[A-Z]+"]',
  )
  const put = (password: string) =>
    secured.admin('PUT', '/_users/org.couchdb.user:ann', {
      json: { name: 'ann', type: 'user', roles: [], password },
    })
  t.is(
    (await put('Short')).body['reason'],
    'Password does not conform to requirements. Min length is 10 chars.',
  )
  t.is((await put('longbutlowercase')).body['reason'], 'Password does not conform to requirements.')
  t.is((await put('LongAndMixedCase')).status, 201)
})

test('of other users everybody sees the public members', async t => {
  const secured = await securedServer(
    t,
    'chttpd_auth/public_fields=name, nick',
    'couchdb/users_db_security_editable=true',
  )
  const json = { name: 'bob', type: 'user', roles: ['x'], password: 'secret', nick: 'B' }
  await secured.admin('PUT', '/_users/org.couchdb.user:bob', { json })
  await addUser(secured, 'ann')
  t.is((await secured.admin('PUT', '/_users/_security', { json: {} })).status, 200)
  const { body } = await secured.as('ann:secret')('GET', '/_users/org.couchdb.user:bob')
  t.deepEqual(Object.keys(body).sort(), ['_id', '_rev', 'name', 'nick'])
  const bulk = await secured.as('ann:secret')('POST', '/_users/_bulk_get', {
    json: { docs: [{ id: 'org.couchdb.user:bob' }] },
  })
  t.false(JSON.stringify(bulk.body).includes('derived_key'))
})
