import test from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { startProxy } from '../helpers/faulty-proxy.ts'
import type { FaultyProxy } from '../helpers/faulty-proxy.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'

const SETTINGS = [
  { section: 'replicator', key: 'crash_backoff', value: '200' },
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

async function removeJob(name: string): Promise<void> {
  const { body } = await call(b.url, 'GET', `/_replicator/${name}`)
  await call(b.url, 'DELETE', `/_replicator/${name}?rev=${String(body._rev)}`)
}
