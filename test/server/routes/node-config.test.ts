import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { securedServer } from '../../helpers/secured-server.ts'

const CONFIG = '/_node/_local/_config'

test('a value that was put is on disk, and effective at once', async t => {
  const { admin, as, data } = await securedServer(t)
  t.is((await as(undefined)('GET', '/')).status, 200)
  t.is((await admin<unknown>('PUT', `${CONFIG}/chttpd/require_valid_user`, { json: 'true' })).body, '')
  t.is((await as(undefined)('GET', '/')).status, 401)
  t.regex(await readFile(join(data, 'couchette.ini'), 'utf8'), /^require_valid_user = true$/m)
})

test('what every CouchDB has set is shown, and unknown paths are not found', async t => {
  const { admin, data } = await securedServer(t)
  t.is((await admin<unknown>('GET', `${CONFIG}/couchdb/database_dir`)).body, data)
  t.is((await admin<unknown>('GET', `${CONFIG}/chttpd/bind_address`)).body, '127.0.0.1')
  t.is((await admin<unknown>('GET', `${CONFIG}/couchdb/view_index_dir`)).body, data)
  const port = String((await admin<unknown>('GET', `${CONFIG}/chttpd/port`)).body)
  t.regex(port, /^[1-9]\d+$/)
  t.deepEqual((await admin<unknown>('GET', `${CONFIG}/httpd`)).body, { bind_address: '127.0.0.1', port })
  t.deepEqual((await admin<unknown>('GET', `${CONFIG}/log`)).body, { level: 'warning', writer: 'stderr' })
  for (const path of [`${CONFIG}/a/b/c`, '/_node/_local/_nothing', '/_node/_local/_local/x/y']) {
    const { status, body } = await admin('GET', path)
    t.deepEqual([status, body], [404, { error: 'not_found', reason: 'missing' }], path)
  }
})

test('a server in maintenance is not up for load balancers', async t => {
  const { admin } = await securedServer(t)
  for (const [mode, status] of [
    ['true', 'maintenance_mode'],
    ['nolb', 'nolb'],
  ]) {
    await admin('PUT', `${CONFIG}/couchdb/maintenance_mode`, { json: mode })
    const answer = await admin('GET', '/_up')
    t.deepEqual([answer.status, answer.body], [404, { status }])
    t.is((await admin('GET', '/')).status, 200)
  }
  await admin('PUT', `${CONFIG}/couchdb/maintenance_mode`, { json: 'false' })
  t.is((await admin('GET', '/_up')).status, 200)
})

test('a value that is not persisted is gone after a reload', async t => {
  const { admin } = await securedServer(t)
  const headers = { 'x-couch-persist': 'false' }
  await admin('PUT', `${CONFIG}/x/y`, { json: 'z', headers })
  t.is((await admin<unknown>('GET', `${CONFIG}/x/y`)).body, 'z')
  t.is((await admin('POST', `${CONFIG}/_reload`)).status, 200)
  t.is((await admin('GET', `${CONFIG}/x/y`)).status, 404)
})

test('secrets are not shown, plain passwords of administrators are hashed', async t => {
  const { admin, as } = await securedServer(t)
  await admin('PUT', `${CONFIG}/jwt_keys/hmac:_default`, { json: 'c2VjcmV0' })
  await admin('PUT', `${CONFIG}/admins/second`, { json: 'plain' })
  const { body } = await admin<Record<string, Record<string, string>>>('GET', CONFIG)
  t.is(body['chttpd_auth']?.['secret'], '****')
  t.is(body['jwt_keys']?.['hmac:_default'], '****')
  t.regex(body['admins']?.['second'] ?? '', /^-pbkdf2:sha256-/)
  t.is((await as('second:plain')('GET', '/_all_dbs')).status, 200)
  t.is((await admin<unknown>('PUT', `${CONFIG}/chttpd_auth/secret`, { json: 'new' })).body, '****')
})

test('with a whitelist only what is in it can be changed', async t => {
  const { admin } = await securedServer(t, 'chttpd/config_whitelist=[{log, level}, {"x", "y"}]')
  t.is((await admin('PUT', `${CONFIG}/x/y`, { json: 'z' })).status, 200)
  t.is((await admin('PUT', `${CONFIG}/log/level`, { json: 'error' })).status, 200)
  const refused = await admin('PUT', `${CONFIG}/chttpd/config_whitelist`, { json: '' })
  t.is(refused.status, 400)
  t.is(refused.body['error'], 'modification_not_allowed')
  t.is((await admin('DELETE', `${CONFIG}/admins/admin`)).status, 400)
})

test('a whitelist that is no list locks nobody out of putting it right', async t => {
  const { admin } = await securedServer(t, 'chttpd/config_whitelist={[{log, level}]')
  t.is((await admin('PUT', `${CONFIG}/x/y`, { json: 'z' })).status, 400)
  const right = '[{chttpd, config_whitelist}, {<<"x">>, <<"y">>}]'
  t.is((await admin('PUT', `${CONFIG}/chttpd/config_whitelist`, { json: right })).status, 200)
  t.is((await admin('PUT', `${CONFIG}/x/y`, { json: 'z' })).status, 200)
})

test('who sets a CouchDB up finds one that is ready, and can name its administrator and databases', async t => {
  const { admin, as } = await securedServer(t)
  const setup = (json: object) => admin('POST', '/_cluster_setup', { json })
  const state = async () => (await admin('GET', '/_cluster_setup')).body['state']
  t.is(await state(), 'single_node_enabled')
  await admin('DELETE', '/_replicator')
  t.is(await state(), 'single_node_disabled')
  const shops = { ensure_dbs_exist: ['_users', '_replicator', 'shop'] }
  const named = { username: 'second', password: 'plain', bind_address: '127.0.0.1', port: 5984 }
  const enabled = await setup({ action: 'enable_single_node', ...named, ...shops })
  t.is(enabled.status, 201)
  t.deepEqual(enabled.body, { ok: true })
  t.is((await as('second:plain')('GET', '/shop')).status, 200)
  t.is(await state(), 'single_node_enabled')
  for (const [action, reason] of [
    ['finish_cluster', 'Cluster is already finished'],
    ['add_node', 'This server is a single node.'],
    ['other', "Invalid Action'"],
  ]) {
    const refused = await setup({ action })
    t.is(refused.status, 400)
    t.is(refused.body['reason'], reason)
  }
  t.is((await setup({ action: 'finish_cluster', ensure_dbs_exist: ['more'] })).status, 201)
  t.is((await admin('GET', '/more')).status, 200)
})

test('a key with a slash or an equals sign is kept as it is', async t => {
  const { admin } = await securedServer(t)
  const path = `${CONFIG}/jwt_keys/rsa:https%3A%2F%2Fissuer%2Fa%3Db`
  t.is((await admin('PUT', path, { json: 'x' })).status, 200)
  await admin('POST', `${CONFIG}/_reload`)
  t.is((await admin('DELETE', path)).status, 200)
})

test('statistics count what was asked, and Prometheus reads them', async t => {
  const { admin } = await securedServer(t)
  await admin('PUT', '/db')
  await admin('PUT', '/db/a', { json: {} })
  const stat = await admin('GET', '/_node/_local/_stats/couchdb/httpd_request_methods/PUT')
  t.is(stat.body['value'], 2)
  const { body, headers } = await admin<unknown>('GET', '/_node/_local/_prometheus')
  t.is(headers['content-type'], 'text/plain; version=2.0')
  t.regex(String(body), /^couchdb_httpd_request_methods\{method="PUT"\} 2$/m)
  const lines = String(body)
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  t.true(lines.every(line => /^[a-z_]+(\{([a-z_]+="[^"]+",?)+\})? [0-9.e+-]+$/.test(line)))
})

test('a value that the setting does not take is refused with what it takes, and changes nothing', async t => {
  const { admin, data } = await securedServer(t)
  const cases: [string, string, string][] = [
    ['replicator/max_jobs', 'many', '[replicator] max_jobs: it takes a whole number or infinity.'],
    ['chttpd/port', '70000', '[chttpd] port: it takes a number from 0 to 65535.'],
    ['httpd/enable_cors', 'yes', '[httpd] enable_cors: it takes true or false.'],
    ['uuids/algorithm', 'best', '[uuids] algorithm: it takes one of random, sequential, utc_random, utc_id.'],
    [
      'smoosh.ratio_dbs/min_priority',
      'high',
      '[smoosh.ratio_dbs] min_priority: it takes a number or infinity.',
    ],
    ['smoosh.ratio_dbs/from', '25:00', '[smoosh.ratio_dbs] from: it takes a time of day, HH:MM.'],
  ]
  for (const [setting, value, reason] of cases) {
    const { status, body } = await admin('PUT', `${CONFIG}/${setting}`, { json: value })
    t.deepEqual([status, body], [400, { error: 'bad_request', reason }])
  }
  t.false((await readFile(join(data, 'couchette.ini'), 'utf8')).includes('max_jobs'))
  await writeFile(join(data, 'local.ini'), '[replicator]\nmax_jobs = many\n')
  const { status, body } = await admin('POST', `${CONFIG}/_reload`)
  const reason = 'local.ini:2: [replicator] max_jobs = many: it takes a whole number or infinity.'
  t.deepEqual([status, body], [400, { error: 'bad_request', reason }])
})
