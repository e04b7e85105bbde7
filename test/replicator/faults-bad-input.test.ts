import test from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { startProxy } from '../helpers/faulty-proxy.ts'
import type { FaultyProxy } from '../helpers/faulty-proxy.ts'
import { endlessPage, otherProtocol, unknownCertificate } from '../helpers/faults/strangers.ts'
import type { Stranger } from '../helpers/faults/strangers.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'

const SETTINGS = [
  { section: 'replicator', key: 'crash_backoff', value: '200' },
  { section: 'replicator', key: 'verify_ssl_certificates', value: 'true' },
  { section: 'replicator', key: 'connection_timeout', value: '1500' },
  { section: 'replicator', key: 'checkpoint_interval', value: '300' },
]

let a: RunningServer
let b: RunningServer

test.before(async () => {
  ;[a, b] = await Promise.all([startServer(), startServer({ settings: SETTINGS })])
})

test.after.always(() => Promise.all([a.close(), b.close()]))

interface DocState {
  readonly state: string
  readonly error_count: number
  readonly info: { readonly error?: string } | null
}

async function stateOf(name: string): Promise<DocState> {
  return (await call<DocState>(b.url, 'GET', `/_scheduler/docs/_replicator/${name}`)).body
}

const BROKEN: Record<string, (proxy: FaultyProxy) => { source: string; says: RegExp }> = {
  'no-host': () => ({ source: 'http://u:secret@nosuch.invalid/x', says: /nxdomain: .*nosuch\.invalid/ }),
  'no-port': () => ({
    source: 'http://u:secret@127.0.0.1:1/x',
    says: /connection_refused: .*127\.0\.0\.1:1/,
  }),
  'no-database': () => ({ source: `${a.url}/nosuch`, says: /db_not_found: could not open http:/ }),
  'wrong-password': () => ({
    source: a.url.replace(/:[^:@]*@/, ':secret@') + '/x',
    says: /replication_auth_error/,
  }),
  html: proxy => {
    proxy.script = () => ({
      kind: 'answer',
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    })
    return { source: `${proxy.url}/x`, says: /no_couchdb: .*text\/html/ }
  },
  redirects: proxy => {
    proxy.script = () => ({
      kind: 'answer',
      status: 302,
      headers: { location: 'http://u:secret@elsewhere/' },
    })
    return { source: `${proxy.url}/x`, says: /redirected: .* to http:\/\/elsewhere/ }
  },
  'cut-json': proxy => {
    proxy.script = ({ path }) =>
      path === '/x/' ? { kind: 'answer', status: 200, body: '{"db_name":"x",' } : undefined
    return { source: `${proxy.url}/x`, says: /no_couchdb: .*broken or cut short/ }
  },
  'no-tls': () => ({ source: a.url.replace('http:', 'https:') + '/x', says: /tls_error|connection/ }),
}

for (const [what, make] of Object.entries(BROKEN)) {
  test.serial(`the state says what is wrong and where, without credentials: ${what}`, async t => {
    const proxy = await startProxy(a.url)
    try {
      const { source, says } = make(proxy)
      const name = `broken-${what}`
      const job = { source, target: `${b.url}/${name}`, create_target: true, retries_per_request: 1 }
      await call(b.url, 'PUT', `/_replicator/${name}`, { json: job })
      await eventually(`${name} crashes twice`, async () => (await stateOf(name)).error_count >= 2)
      const state = await stateOf(name)
      const { body } = await call(b.url, 'GET', '/_scheduler/jobs')
      t.regex(JSON.stringify(body), says)
      t.notRegex(JSON.stringify([state, body]), /secret/)
      await removeJob(name)
    } finally {
      await proxy.close()
    }
  })
}

const STRANGERS: Record<string, { listen: () => Promise<Stranger>; says: RegExp }> = {
  'another protocol': { listen: otherProtocol, says: /no_couchdb: .*does not speak HTTP/ },
  'a page without an end': { listen: endlessPage, says: /no_couchdb: .*more than \d+ bytes/ },
  'an unknown certificate': { listen: unknownCertificate, says: /tls_error: .*DEPTH_ZERO_SELF_SIGNED_CERT/ },
}

for (const [what, { listen, says }] of Object.entries(STRANGERS)) {
  test.serial(`a job whose source is no CouchDB says so: ${what}`, async t => {
    const stranger = await listen()
    const name = `stranger-${what.replaceAll(' ', '-')}`
    try {
      const job = { source: `${stranger.url}/x`, target: `${b.url}/${name}`, retries_per_request: 0 }
      await call(b.url, 'PUT', `/_replicator/${name}`, { json: job })
      await eventually(`${name} crashes twice`, async () => (await stateOf(name)).error_count >= 2)
      await eventually(`${name} says why`, async () => says.test((await stateOf(name)).info?.error ?? ''))
      t.pass()
      await removeJob(name)
    } finally {
      stranger.close()
    }
  })
}

async function removeJob(name: string): Promise<void> {
  const { body } = await call(b.url, 'GET', `/_replicator/${name}`)
  await call(b.url, 'DELETE', `/_replicator/${name}?rev=${String(body._rev)}`)
}
