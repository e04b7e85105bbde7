import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { Config } from '../../../server/config/config.ts'
import { makeSessionCookie } from '../../../server/auth/sessions/session-cookie.ts'
import { securedServer } from '../../helpers/secured-server.ts'

const override = (section: string, key: string, value: string) => ({ section, key, value })
const withSettings = (...settings: ReturnType<typeof override>[]) => Config.open({ flags: { settings } })

test('a setting that its section does not have is taken from the older section', async t => {
  const config = await withSettings(
    override('httpd', 'rewrite_limit', '7'),
    override('httpd', 'secure_rewrites', 'false'),
    override('httpd', 'WWW-Authenticate', 'Basic realm="x"'),
    override('couch_httpd_auth', 'timeout', '60'),
    override('couch_httpd_auth', 'secret', 'older'),
    override('couch_httpd_auth', 'x_auth_roles', 'X-Roles'),
  )
  t.is(config.integer('chttpd', 'rewrite_limit'), 7)
  t.false(config.boolean('chttpd', 'secure_rewrites'))
  t.is(config.text('chttpd', 'WWW-Authenticate'), 'Basic realm="x"')
  t.is(config.integer('chttpd_auth', 'timeout'), 60)
  t.is(config.text('chttpd_auth', 'secret'), 'older')
  t.is(config.text('chttpd_auth', 'x_auth_roles'), 'X-Roles')
  await config.close()
})

test('the newer section wins', async t => {
  const config = await withSettings(
    override('chttpd', 'rewrite_limit', '9'),
    override('httpd', 'rewrite_limit', '7'),
    override('chttpd_auth', 'secret', 'newer'),
    override('couch_httpd_auth', 'secret', 'older'),
  )
  t.is(config.integer('chttpd', 'rewrite_limit'), 9)
  t.is(config.text('chttpd_auth', 'secret'), 'newer')
  await config.close()
})

test('what belonged to another port in [httpd] does nothing', async t => {
  const config = await withSettings(
    override('httpd', 'port', '5986'),
    override('httpd', 'bind_address', '0.0.0.0'),
    override('httpd', 'authentication_handlers', '{couch_httpd_auth, default_authentication_handler}'),
    override('couch_httpd_auth', 'authentication_db', 'people'),
  )
  t.is(config.integer('chttpd', 'port'), 5984)
  t.is(config.text('chttpd', 'bind_address'), '127.0.0.1')
  t.regex(config.text('chttpd', 'authentication_handlers'), /cookie/)
  t.is(config.text('chttpd_auth', 'authentication_db'), '')
  t.true(config.warnings.some(text => text.includes('set [chttpd_auth] authentication_db')))
  await config.close()
})

test('a secret in [couch_httpd_auth] is used, and none is made beside it', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'couchette-older-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'local.ini'), '[couch_httpd_auth]\nsecret = shared\n')
  for (let start = 0; start < 2; start++) {
    const config = await Config.open({ directory })
    t.is(config.text('chttpd_auth', 'secret'), 'shared')
    await config.close()
  }
  t.notRegex(await readFile(join(directory, 'couchette.ini'), 'utf8'), /secret/)
})

test('cookies are signed with the secret of [couch_httpd_auth]', async t => {
  const { as, admin } = await securedServer(t, 'couch_httpd_auth/secret=shared')
  const { body } = await admin<string>('GET', '/_node/_local/_config/admins/admin')
  const salt = body.split(',')[1] ?? ''
  const cookie = makeSessionCookie('admin', Math.floor(Date.now() / 1000), `shared${salt}`, ['sha256'])
  const session = await as(undefined)('GET', '/_session', { headers: { cookie: `AuthSession=${cookie}` } })
  t.like(session.body, { userCtx: { name: 'admin' } })
  t.is((await admin<string>('GET', '/_node/_local/_config/couch_httpd_auth/secret')).body, '****')
})
