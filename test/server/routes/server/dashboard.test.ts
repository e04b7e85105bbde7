import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { request } from 'undici'
import { StaticFiles } from '../../../../server/dashboard/static-files.ts'
import { securedServer } from '../../../helpers/secured-server.ts'

test('the dashboard is served without a login, with a policy that runs no inline script', async t => {
  const { server } = await securedServer(t)
  const page = await request(`${server.url}/_utils/`)
  const html = await page.body.text()
  t.is(page.statusCode, 200)
  t.is(page.headers['content-type'], 'text/html; charset=utf-8')
  t.is(page.headers['cache-control'], 'no-cache')
  const policy = String(page.headers['content-security-policy'])
  t.regex(policy, /default-src 'none'; script-src 'self'; style-src 'self';/)
  t.regex(policy, /frame-ancestors 'none'/)
  t.notRegex(policy, /unsafe/)
  t.is(page.headers['x-frame-options'], 'DENY')
  t.is(page.headers['x-content-type-options'], 'nosniff')
  t.notRegex(html, /<script(?![^>]*\bsrc=)|<style|\son\w+=|https?:/i)

  const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(html)?.[1] ?? ''
  const plain = await request(`${server.url}/_utils/${script}`)
  const packed = await request(`${server.url}/_utils/${script}`, { headers: { 'accept-encoding': 'gzip' } })
  t.is(plain.headers['content-type'], 'text/javascript; charset=utf-8')
  t.is(plain.headers['cache-control'], 'public, max-age=31536000, immutable')
  t.is(packed.headers['content-encoding'], 'gzip')
  t.is(packed.headers.vary, 'Accept-Encoding')
  const [long, short] = [await plain.body.arrayBuffer(), await packed.body.arrayBuffer()]
  t.true(short.byteLength < long.byteLength / 2)

  const etag = String(page.headers.etag)
  const again = await request(`${server.url}/_utils/`, { headers: { 'if-none-match': etag } })
  t.is(again.statusCode, 304)
  await again.body.dump()
})

test('/_utils leads to /_utils/, session.html is the same page, and nothing else is there', async t => {
  const { as } = await securedServer(t)
  const nobody = as<string>(undefined)
  const moved = await nobody('GET', '/_utils')
  t.is(moved.status, 301)
  t.regex(String(moved.headers.location), /\/_utils\/$/)
  t.regex((await nobody('GET', '/_utils/session.html?return=%2Fdb')).body, /<div id="app">/)
  for (const path of [
    '/_utils/none.js',
    '/_utils/..%2fserver/main.js',
    '/_utils/%2e%2e/%2e%2e/package.json',
  ]) {
    t.is((await nobody('GET', path)).status, 404, path)
  }
  t.is((await nobody('GET', '/favicon.ico')).headers['content-type'], 'image/svg+xml')
  t.is((await nobody('HEAD', '/_utils/')).status, 200)
})

test('only files that were there at the start are served', async t => {
  const root = await mkdtemp(join(tmpdir(), 'couchette-static-'))
  t.teardown(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'site/assets'), { recursive: true })
  await writeFile(join(root, 'secret'), 'x')
  await writeFile(join(root, 'site/assets/app-abcd1234.js'), 'x')
  const files = new StaticFiles(join(root, 'site'))
  t.true(files.get('assets/app-abcd1234.js')?.immutable)
  for (const name of ['../secret', 'assets/../../secret', '/etc/passwd', '', 'assets']) {
    t.is(files.get(name), undefined, name)
  }
  t.is(new StaticFiles(join(root, 'missing')).get('index.html'), undefined)
})

const HTML_ONLY = { accept: 'text/html' }
const BROWSER = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}

test('browsers without a right are sent to the page for signing in', async t => {
  const { as, server } = await securedServer(t)
  const ask = (headers: Record<string, string>, path = '/_users/_all_docs?limit=1') =>
    as(undefined)('GET', path, { headers })
  const asked = await ask(HTML_ONLY)
  t.is(asked.status, 302)
  t.is(
    asked.headers.location,
    `${server.url}/_utils/session.html?return=%2F_users%2F_all_docs&reason=You%20are%20not%20a%20server%20admin.`,
  )
  t.deepEqual(asked.body, { error: 'unauthorized', reason: 'You are not a server admin.' })
  t.is((await ask(BROWSER)).status, 302)
  // What takes JSON gets it, as from CouchDB.
  t.is((await ask({ accept: BROWSER.accept })).status, 401)
  t.is((await ask({ accept: 'text/html, application/json' })).status, 401)
  t.is((await ask({ ...HTML_ONLY, 'x-couchdb-www-authenticate': 'Cookie' })).status, 401)
  t.is((await ask({ accept: 'image/png' })).status, 401)
  t.is((await ask(HTML_ONLY, '/none')).status, 404)
})

test('authentication_redirect names another page, or none', async t => {
  const { as, admin } = await securedServer(t, 'chttpd_auth/authentication_redirect=/app/login')
  const ask = () => as(undefined)('GET', '/_all_dbs', { headers: HTML_ONLY })
  t.regex(String((await ask()).headers.location), /\/app\/login\?return=%2F_all_dbs&reason=/)
  await admin('PUT', '/_node/_local/_config/chttpd_auth/authentication_redirect', { json: '' })
  t.is((await ask()).status, 401)
  await admin('DELETE', '/_node/_local/_config/chttpd_auth/authentication_redirect')
  await admin('PUT', '/_node/_local/_config/chttpd/WWW-Authenticate', { json: 'Basic realm="x"' })
  const challenged = await ask()
  t.is(challenged.status, 401)
  t.is(challenged.headers['www-authenticate'], 'Basic realm="x"')
})

test('the session of a page of this site cannot be used by forms of others', async t => {
  const { as } = await securedServer(t)
  const signIn = async (site: string | undefined) => {
    const headers = site === undefined ? {} : { 'sec-fetch-site': site }
    const answer = await as(undefined)('POST', '/_session', {
      json: { name: 'admin', password: 'pass' },
      headers,
    })
    return String(answer.headers['set-cookie'])
  }
  t.regex(await signIn('same-origin'), /; HttpOnly; SameSite=Lax$/)
  t.regex(await signIn('none'), /SameSite=Lax/)
  // Without the header, or from another site, the cookie is CouchDB's.
  t.notRegex(await signIn(undefined), /SameSite/)
  t.notRegex(await signIn('cross-site'), /SameSite/)
})
