import test from 'ava'
import { addUser, ADMIN, type SecuredServer, securedServer } from '../../../helpers/secured-server.ts'

/** Attacks by a page of another site, whose forms the visitor's browser sends with the visitor's session. */

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const EVIL = { origin: 'https://evil.example' }

const PATHS = [
  '/_node/_local/_restart',
  '/_node/_local/_config/_reload',
  '/_reload_query_servers',
  '/db/_view_cleanup',
  '/db/_compact',
  '/db/_ensure_full_commit',
  '/db/_sync_shards',
  '/db/_design/d/_update/add',
  '/db/_design/d/_update/add/x',
  '/db/doc',
  '/db',
  '/db/_bulk_docs',
  '/_replicate',
] as const

async function visited(t: Parameters<typeof securedServer>[0], ...settings: string[]) {
  const secured = await securedServer(t, ...settings)
  const { admin, as } = secured
  await admin('PUT', '/db')
  await admin('PUT', '/db/_design/d', {
    json: { updates: { add: 'function (doc, req) { return [{ _id: req.uuid }, "added"] }' } },
  })
  const login = await as(undefined)('POST', '/_session', { json: { name: 'admin', password: 'pass' } })
  const cookie = String([login.headers['set-cookie']].flat()[0]).split(';')[0] ?? ''
  const post = (path: string, headers: Record<string, string>, raw = 'a=b') =>
    as(undefined)('POST', path, { raw, headers: { cookie, ...headers } })
  return { ...secured, post }
}

const docs = async ({ admin }: Pick<SecuredServer, 'admin'>) => (await admin('GET', '/db')).body.doc_count

for (const path of PATHS) {
  test(`POST ${path} by a form of another site is refused`, async t => {
    const server = await visited(t)
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
      undefined,
    ]) {
      const typed: Record<string, string> = type === undefined ? {} : { 'content-type': type }
      for (const from of [
        EVIL,
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site', origin: server.server.url },
      ]) {
        const { status, body } = await server.post(path, { ...typed, ...from })
        t.is(status, 403, `${type} ${JSON.stringify(from)}`)
        t.is(body.reason, 'A page of another site may not send this request.')
      }
    }
    t.is(await docs(server), 1)
  })
}

test('forms of this site, and clients that are no browsers, change data as ever', async t => {
  const server = await visited(t)
  const {
    post,
    admin,
    server: { url },
  } = server
  const update = '/db/_design/d/_update/add'
  for (const from of [
    {},
    { origin: url },
    { 'sec-fetch-site': 'same-origin', origin: 'http://behind.a.proxy' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://db.example', 'x-forwarded-host': 'db.example', 'x-forwarded-proto': 'https' },
  ]) {
    t.is((await post(update, { ...FORM, ...from })).status, 201, JSON.stringify(from))
  }
  t.is((await admin('POST', update)).status, 201, 'curl -X POST, without a type')
  t.is(
    (await admin('POST', '/db/_view_cleanup', { headers: { 'content-type': 'application/json' } })).status,
    202,
  )
  t.is(await docs(server), 7)
})

test('a browser asks before it sends JSON, so that [cors] decides about it', async t => {
  const { admin } = await visited(t)
  const headers = { ...EVIL, 'sec-fetch-site': 'cross-site' }
  t.is((await admin('POST', '/db', { json: { _id: 'a' }, headers })).status, 201)
})

test('an origin that [cors] trusts with credentials may send forms', async t => {
  const { post, admin } = await visited(t, 'chttpd/enable_cors=true', 'cors/origins=https://app.example')
  const update = '/db/_design/d/_update/add'
  const app = { ...FORM, origin: 'https://app.example' }
  t.is((await post(update, app)).status, 403, 'without credentials')
  await admin('PUT', '/_node/_local/_config/cors/credentials', { json: 'true' })
  t.is((await post(update, app)).status, 201)
  t.is((await post(update, { ...FORM, ...EVIL })).status, 403)
})

test('a password that the browser remembers is refused as a cookie is, and who is nobody is not', async t => {
  const secured = await visited(t)
  const { admin, as } = secured
  await addUser(secured, 'ann')
  await admin('PUT', '/db/_security', { json: {} })
  const update = '/db/_design/d/_update/add'
  for (const [who, status] of [
    [ADMIN, 403],
    ['ann:secret', 403],
    [undefined, 201],
  ] as const) {
    t.is(
      (await as(who)('POST', update, { raw: 'a=b', headers: { ...FORM, ...EVIL } })).status,
      status,
      `${who}`,
    )
  }
  const login = { raw: 'name=ann&password=secret', headers: { ...FORM, ...EVIL } }
  t.is((await as(undefined)('POST', '/_session', login)).status, 200, 'a form elsewhere may log in')
})
