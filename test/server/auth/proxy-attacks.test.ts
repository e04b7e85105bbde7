import { createHash, createHmac } from 'node:crypto'
import test from 'ava'
import { parseSessionCookie } from '../../../server/auth/sessions/session-cookie.ts'
import { proxyTokenWithRoles } from '../../../server/auth/tokens/proxy.ts'
import { addUser, ADMIN, securedServer } from '../../helpers/secured-server.ts'

/** Attacks on proxy authentication: on its token, and on its headers by functions of design documents. */

const HANDLERS =
  'chttpd/authentication_handlers={chttpd_auth, proxy_authentication_handler}, {chttpd_auth, cookie_authentication_handler}, {chttpd_auth, default_authentication_handler}'
const SIGNED = [HANDLERS, 'chttpd_auth/proxy_use_secret=true', 'chttpd_auth/secret=shared'] as const

const headersOf = (name: string, roles: string, token?: string): Record<string, string> => ({
  'x-auth-couchdb-username': name,
  'x-auth-couchdb-roles': roles,
  ...(token === undefined ? {} : { 'x-auth-couchdb-token': token }),
})
const hmac = (digest: string, name: string) => createHmac(digest, 'shared').update(name).digest('hex')

test("CouchDB's tokens are taken, and nothing else", async t => {
  const { as } = await securedServer(t, ...SIGNED)
  const ask = async (headers: Record<string, string>) =>
    (await as<{ userCtx: unknown }>(undefined)('GET', '/_session', { headers })).body.userCtx
  for (const digest of ['sha1', 'sha256']) {
    t.deepEqual(await ask(headersOf('ann', 'a,b', hmac(digest, 'ann'))), { name: 'ann', roles: ['a', 'b'] })
  }
  for (const token of [
    undefined,
    '',
    hmac('sha1', 'bob'),
    hmac('md5', 'ann'),
    hmac('sha1', 'ann').toUpperCase(),
  ]) {
    t.deepEqual(await ask(headersOf('ann', '_admin', token)), { name: null, roles: [] })
  }
})

test('the MAC of a session cookie is no proxy token, whatever the salt', async t => {
  const { as, admin } = await securedServer(t, ...SIGNED, 'couchdb/default_security=everyone')
  const salts = ['', '\0', '\0\0\0\0', 's']
  for (const [n, salt] of salts.entries()) {
    const name = `eve${n}`
    const hash = { password_scheme: 'simple', salt, password_sha: sha1(`secret${salt}`) }
    const json = { name, type: 'user', roles: [], ...hash }
    await admin('PUT', `/_users/org.couchdb.user:${name}`, { json })
    const { status, headers } = await as(undefined)('POST', '/_session', {
      json: { name, password: 'secret' },
    })
    t.is(status, salt === 's' ? 200 : 401, JSON.stringify(salt))
    if (status !== 200) continue
    const cookie = String([headers['set-cookie']].flat()[0]).split(';')[0]?.split('=')[1] ?? ''
    const { time, mac } = parseSessionCookie(cookie)
    const forged = headersOf(`${name}:${time}`, '_admin', mac.toString('hex'))
    t.like((await as(undefined)('GET', '/_session', { headers: forged })).body, { userCtx: { name: null } })
  }
})

test('a proxy token is no session, also of a user without a salt', async t => {
  const { as, admin } = await securedServer(t, ...SIGNED)
  await admin('PUT', '/_users/org.couchdb.user:eve', {
    json: { name: 'eve', type: 'user', roles: ['staff'] },
  })
  const time = Math.floor(Date.now() / 1000)
    .toString(16)
    .toUpperCase()
  for (const salt of ['', '\0']) {
    const mac = createHmac('sha256', `shared${salt}`).update(`eve:${time}`).digest()
    const cookie = Buffer.concat([Buffer.from(`eve:${time}:`), mac]).toString('base64url')
    const { body } = await as(undefined)('GET', '/_session', { headers: { cookie: `AuthSession=${cookie}` } })
    t.like(body, { userCtx: { name: null } })
  }
})

test('a token that covers the roles serves no others', async t => {
  const { as } = await securedServer(t, ...SIGNED, 'couchette/proxy_token_covers_roles=true')
  const ask = async (headers: Record<string, string>) =>
    (await as<{ userCtx: unknown }>(undefined)('GET', '/_session', { headers })).body.userCtx
  const token = proxyTokenWithRoles('ann', 'a, b', 'shared')
  t.deepEqual(await ask(headersOf('ann', 'a, b', token)), { name: 'ann', roles: ['a', 'b'] })
  for (const [name, roles, other] of [
    ['ann', '_admin', token],
    ['ann', 'a, b, _admin', token],
    ['ann', '', token],
    ['bob', 'a, b', token],
    ['ann', 'a, b', hmac('sha256', 'ann')],
  ] as const) {
    t.deepEqual(await ask(headersOf(name, roles, other)), { name: null, roles: [] })
  }
})

for (const [title, settings] of [
  ['unsigned', [HANDLERS]],
  ['signed', SIGNED],
  ['renamed', [HANDLERS, 'chttpd_auth/x_auth_username=X-Who', 'chttpd_auth/x_auth_roles=X-May']],
] as const) {
  test(`a rewrite function makes nobody of its visitor, with ${title} proxy headers`, async t => {
    const secured = await securedServer(t, ...settings, 'chttpd/secure_rewrites=false')
    const { as, admin } = secured
    await addUser(secured, 'ann')
    await admin('PUT', '/db')
    await admin('PUT', '/db/_security', { json: {} })
    const basic = `Basic ${Buffer.from(ADMIN).toString('base64')}`
    const identity = {
      ...headersOf('admin', '_admin', hmac('sha256', 'admin')),
      'X-Who': 'admin',
      'X-May': '_admin',
      Authorization: basic,
      Cookie: 'AuthSession=YWRtaW46MTIzNDphYmM',
      'X-Couchette-Internal': 'x.y',
    }
    const rewrites = `function (req) { return { path: '../../../_session', headers: ${JSON.stringify(identity)} } }`
    await admin('PUT', '/db/_design/d', { json: { rewrites } })
    t.like((await as(undefined)('GET', '/db/_design/d/_rewrite/x')).body, {
      userCtx: { name: null, roles: [] },
    })
    t.like((await as('ann:secret')('GET', '/db/_design/d/_rewrite/x')).body, {
      userCtx: { name: 'ann', roles: [] },
    })
  })
}

test('a typing error in authentication_handlers locks nobody out', async t => {
  const { as, admin } = await securedServer(t)
  const path = '/_node/_local/_config/chttpd/authentication_handlers'
  for (const json of ['nonsense', '{chttpd_auth, null_authentication_handler}', '{', '[]']) {
    t.is((await admin('PUT', path, { json })).status, 200, json)
    t.like((await as(ADMIN)('GET', '/_session')).body, { userCtx: { name: 'admin' } })
    t.like((await as(undefined)('GET', '/_session')).body, { userCtx: { name: null, roles: [] } })
  }
})

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
