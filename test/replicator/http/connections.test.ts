import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { ADMIN, startScript } from '../../../harness/child-server.ts'
import type { Override } from '../../../server/config/overrides.ts'
import { makeSelfSigned } from '../../../server/tls/self-signed.ts'
import { startForwardProxy } from '../../helpers/forward-proxy.ts'
import { call } from '../../helpers/http.ts'
import { replicate } from '../../helpers/replication.ts'
import { startServer } from '../../helpers/server.ts'
import type { RunningServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'
import type { TempDir } from '../../helpers/temp.ts'

const LOGIN = `${ADMIN.name}:${ADMIN.password}`
const HASTY = [{ section: 'replicator', key: 'retries_per_request', value: '0' }]

let dir: TempDir
/** The file of the certificate that vouches for the source. */
let ca: string
/** A node with a document to replicate, by HTTP and by TLS. */
let source: RunningServer
/** The source's database. */
let from: { readonly plain: string; readonly tls: string }
/** A node that runs the jobs. */
let node: RunningServer

function settings(section: string, values: Record<string, string>): Override[] {
  return Object.entries(values).map(([key, value]) => ({ section, key, value }))
}

test.before(async () => {
  dir = await tempDir()
  const { cert, key } = await makeSelfSigned(['127.0.0.1'])
  ca = join(dir.path, 'cert.pem')
  const keyFile = join(dir.path, 'key.pem')
  await Promise.all([writeFile(ca, cert), writeFile(keyFile, key, { mode: 0o600 })])
  const tls = settings('ssl', { enable: 'true', port: '0', cert_file: ca, key_file: keyFile })
  ;[source, node] = await Promise.all([startServer({ settings: tls }), startServer({ settings: HASTY })])
  const { port, tlsPort } = source.couchette
  from = {
    plain: `http://${LOGIN}@127.0.0.1:${port}/from`,
    tls: `https://${LOGIN}@127.0.0.1:${tlsPort ?? 0}/from`,
  }
  await call(source.url, 'PUT', '/from')
  await call(source.url, 'PUT', '/from/d', { json: { there: true } })
})

test.after.always(async () => {
  await Promise.all([source.close(), node.close()])
  await dir.remove()
})

async function strictNode(t: ExecutionContext, values: Record<string, string> = {}): Promise<string> {
  const strict = settings('replicator', { verify_ssl_certificates: 'true', ...values })
  const server = await startServer({ settings: [...HASTY, ...strict] })
  t.teardown(server.close)
  return server.url
}

test('a TLS peer is trusted when the configured authority vouches for it', async t => {
  const url = await strictNode(t, { ssl_trusted_certificates_file: ca })
  t.like(await replicate(url, { source: from.tls, target: 'to', create_target: true }), { ok: true })
  t.is((await call(url, 'GET', '/to/d')).body.there, true)
})

test('a TLS peer that nobody vouches for is refused, or taken as it is where that is configured', async t => {
  const job = { source: from.tls, target: 'to-by-tls', create_target: true }
  const refused = await replicate(await strictNode(t), job)
  t.is(refused.error, 'tls_error')
  t.regex(refused.reason ?? '', /DEPTH_ZERO_SELF_SIGNED_CERT/)
  t.notRegex(JSON.stringify(refused), /:pass@/)
  t.like(await replicate(node.url, job), { ok: true })
})

for (const member of ['source_proxy', 'proxy'] as const) {
  for (const scheme of ['plain', 'tls'] as const) {
    test(`\`${member}\` is asked for what is of the other side, with its credentials (${scheme})`, async t => {
      const proxy = await startForwardProxy('bob:se:cret')
      t.teardown(proxy.close)
      const through = proxy.url.replace('://', '://bob:se%3Acret@')
      const target = `by-${member}-${scheme}`
      const job = { source: from[scheme], target, create_target: true, [member]: through }
      t.like(await replicate(node.url, job), { ok: true })
      t.is((await call(node.url, 'GET', `/${target}/d`)).body.there, true)
      const { host } = new URL(from[scheme])
      t.true(proxy.asked.length > 0)
      for (const asked of proxy.asked) t.is(asked.split(' ')[1], host)
    })
  }
}

test('`target_proxy` stands between a node and its target only', async t => {
  const proxy = await startForwardProxy()
  t.teardown(proxy.close)
  const target = `${source.url}/to`
  const job = { source: from.tls, target, create_target: true, target_proxy: proxy.url }
  t.like(await replicate(node.url, job), { ok: true })
  t.is((await call(source.url, 'GET', '/to/d')).body.there, true)
  t.true(proxy.asked.includes(`POST ${new URL(target).host}`))
  t.false(proxy.asked.some(asked => asked.endsWith(new URL(from.tls).host)))
})

test('a proxy that refuses its credentials is named, without them', async t => {
  const proxy = await startForwardProxy('bob:secret')
  t.teardown(proxy.close)
  const through = proxy.url.replace('://', '://bob:wrongword@')
  const answer = await replicate(node.url, { source: from.plain, target: 'to', proxy: through })
  t.is(answer.error, 'proxy_refused')
  t.regex(answer.reason ?? '', /the proxy answered 407 when it was asked for .*127\.0\.0\.1/)
  t.notRegex(JSON.stringify(answer), /wrongword/)
})

test('a proxy that is not there is named', async t => {
  const job = { source: from.plain, target: 'to-nowhere', source_proxy: 'http://127.0.0.1:1' }
  const answer = await replicate(node.url, job)
  t.is(answer.error, 'connection_refused')
  t.regex(answer.reason ?? '', /\(127\.0\.0\.1:1\)$/)
})

/** A node in a process of its own with these variables, its requests to itself not counted. */
async function nodeWith(t: ExecutionContext, env: Record<string, string>): Promise<string> {
  const data = await tempDir()
  const login = { COUCHDB_USER: ADMIN.name, COUCHDB_PASSWORD: ADMIN.password }
  const child = await startScript('cli/main', ['--port', '0', '--data', data.path], { ...login, ...env })
  t.teardown(async () => {
    await child.kill()
    await data.remove()
  })
  return child.url.replace('://', `://${LOGIN}@`)
}

test('without a proxy of its own a job takes those of the environment, but for requests to its own node', async t => {
  const proxy = await startForwardProxy()
  t.teardown(proxy.close)
  const url = await nodeWith(t, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '' })
  for (const database of [from.plain, from.tls]) {
    const { host, protocol } = new URL(database)
    const target = `to-${protocol.slice(0, -1)}`
    t.like(await replicate(url, { source: database, target, create_target: true }), { ok: true })
    t.is((await call(url, 'GET', `/${target}/d`)).body.there, true)
    t.true(proxy.asked.some(asked => asked.endsWith(host)))
  }
  t.false(proxy.asked.some(asked => asked.endsWith(new URL(url).host)))
})

test('hosts of `no_proxy` are asked directly', async t => {
  const proxy = await startForwardProxy()
  t.teardown(proxy.close)
  const url = await nodeWith(t, { http_proxy: proxy.url, no_proxy: 'elsewhere.example,127.0.0.1' })
  t.like(await replicate(url, { source: from.plain, target: 'to', create_target: true }), { ok: true })
  t.deepEqual(proxy.asked, [])
})
