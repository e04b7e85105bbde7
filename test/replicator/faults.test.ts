import test from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { FaultyProxy, PASS } from '../helpers/faulty-proxy.ts'
import type { Fault } from '../helpers/faulty-proxy.ts'
import { call } from '../helpers/http.ts'
import { converged, fill } from '../helpers/replication.ts'
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

/** Faults of every third request or so, for the first so many; then the peer is well again. */
function sometimes(fault: (n: number) => Fault, until = 40): () => Fault {
  let n = 0
  return () => (++n <= until && n % 3 === 1 ? fault(n) : PASS)
}

const FAULTS: Record<string, () => () => Fault> = {
  'is cut in requests': () => sometimes(n => ({ kind: 'cut-request', after: n * 11 })),
  'is cut in answers': () => sometimes(n => ({ kind: 'cut-response', after: n * 97 })),
  'answers 500': () => sometimes(() => ({ kind: 'status', status: 500 })),
  'answers 502 with HTML': () =>
    sometimes(() => ({
      kind: 'status',
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    })),
  'answers 503': () =>
    sometimes(() => ({ kind: 'status', status: 503, headers: { 'retry-after': '0' } }), 20),
  'answers 429': () => sometimes(() => ({ kind: 'status', status: 429 }), 10),
  'stalls without closing': () => sometimes(n => ({ kind: 'stall', after: n * 50 }), 7),
  'closes kept connections': () => sometimes(() => ({ kind: 'close-after' })),
}

for (const side of ['source', 'target'] as const) {
  for (const [what, makeFault] of Object.entries(FAULTS)) {
    test(`every leaf arrives when the ${side} ${what}`, async t => {
      const name = `${side}-${what.replace(/[^a-z0-9]/g, '-')}`.toLowerCase()
      const proxy = await FaultyProxy.start(a.url)
      try {
        const [near, far] = [`${b.url}/${name}`, `${proxy.url}/${name}`]
        await fill(side === 'source' ? a.url : b.url, name, 200)
        if (side === 'source') await call(b.url, 'PUT', `/${name}`)
        else await call(a.url, 'PUT', `/${name}`)
        proxy.fault = makeFault()
        const [source, target] = side === 'source' ? [far, near] : [near, far]
        const job = { source, target, continuous: true, worker_batch_size: 50 }
        await call(b.url, 'PUT', `/_replicator/${name}`, { json: job })
        await converged(side === 'source' ? a.url : b.url, side === 'source' ? b.url : a.url, name)
        t.true(proxy.requests > 0)
        await removeJob(name)
      } finally {
        proxy.close()
      }
    })
  }
}

async function removeJob(name: string): Promise<void> {
  const { body } = await call(b.url, 'GET', `/_replicator/${name}`)
  await call(b.url, 'DELETE', `/_replicator/${name}?rev=${String(body._rev)}`)
}

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
    proxy.fault = () => ({
      kind: 'status',
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    })
    return { source: `${proxy.url}/x`, says: /no_couchdb: .*text\/html/ }
  },
  redirects: proxy => {
    proxy.fault = () => ({ kind: 'status', status: 302, headers: { location: 'http://u:secret@elsewhere/' } })
    return { source: `${proxy.url}/x`, says: /redirected: .* to http:\/\/elsewhere/ }
  },
  'cut-json': proxy => {
    proxy.fault = ({ url }) =>
      url === '/x/' ? { kind: 'status', status: 200, body: '{"db_name":"x",' } : PASS
    return { source: `${proxy.url}/x`, says: /no_couchdb: .*broken or cut short/ }
  },
  'no-tls': () => ({ source: a.url.replace('http:', 'https:') + '/x', says: /tls_error|connection/ }),
}

for (const [what, make] of Object.entries(BROKEN)) {
  test(`the state says what is wrong and where, without credentials: ${what}`, async t => {
    const proxy = await FaultyProxy.start(a.url)
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
      proxy.close()
    }
  })
}
