import test from 'ava'
import { headersForDesignFunctions } from '../../../../server/routes/functions/headers-for-design-functions.ts'
import { pathForLog } from '../../../../server/app/request-log.ts'
import { securedServer } from '../../../helpers/secured-server.ts'

for (const cookie of [
  'AuthSession=x',
  'AuthSession =x',
  ' AuthSession\t= x',
  'AuthSession="x"',
  'AuthSession',
]) {
  test(`functions do not see the session in "${cookie}"`, t => {
    t.is(headersForDesignFunctions({ cookie: `a=1; ${cookie};b=2` })['cookie'], 'a=1; b=2')
  })
}

test('functions see neither the session nor a proxy token, whatever its header is called', async t => {
  const { server, admin, as } = await securedServer(t, 'chttpd_auth/x_auth_token=X-Word')
  await admin('PUT', '/db')
  await admin('PUT', '/db/_security', { json: {} })
  const show = 'function (doc, req) { return { json: { headers: req.headers, cookie: req.cookie } } }'
  await admin('PUT', '/db/_design/d', { json: { shows: { s: show } } })
  const login = await as(undefined)('POST', '/_session', { json: { name: 'admin', password: 'pass' } })
  const session = String([login.headers['set-cookie']].flat()[0]).split(';')[0]?.split('=')[1] ?? ''
  for (const written of [
    `AuthSession=${session}`,
    `AuthSession =${session}`,
    `x=1; AuthSession = ${session}`,
  ]) {
    const headers = { cookie: written, 'x-word': 'secret-token' }
    const { status, body } = await as(undefined)('GET', '/db/_design/d/_show/s', { headers })
    t.is(status, 200)
    const text = JSON.stringify(body)
    t.false(text.includes(session), written)
    t.false(text.includes('secret-token'))
  }
  t.truthy(server.url)
})

for (const [path, logged] of [
  ['/db/doc/secret.pdf', '/db/doc/…'],
  ['/db/doc/a/b/c', '/db/doc/…'],
  ['/db/_design/d/secret.js', '/db/_design/d/…'],
  ['/db/_design%2Fd/secret.js', '/db/_design/d/…'],
  ['/a%2Fb/doc/x', '/a%2Fb/doc/…'],
  ['/_users/org.couchdb.user:ann/photo.png', '/_users/org.couchdb.user:ann/…'],
  ['/db/doc', '/db/doc'],
  ['/db/_design/d/_view/v', '/db/_design/d/_view/v'],
  ['/db/_design/d/_show/s/doc', '/db/_design/d/_show/s/doc'],
  ['/db/_all_docs', '/db/_all_docs'],
  ['/_node/_local/_config/log/level', '/_node/_local/_config/log/level'],
  ['/', '/'],
] as const) {
  test(`the log names ${path} as ${logged}`, t => {
    t.is(pathForLog(path), logged)
  })
}
