import test from 'ava'
import { startProxy } from '../helpers/faulty-proxy.ts'
import type { Fault, Script } from '../helpers/faulty-proxy.ts'
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
function sometimes(fault: (n: number) => Fault, until = 40): Script {
  let n = 0
  return () => (++n <= until && n % 3 === 1 ? fault(n) : undefined)
}

const FAULTS: Record<string, () => Script> = {
  'is cut in requests': () => sometimes(n => ({ kind: 'cut request', after: n * 11 })),
  'is cut in answers': () => sometimes(n => ({ kind: 'cut answer', after: n * 97 })),
  'answers 500': () => sometimes(() => ({ kind: 'answer', status: 500 })),
  'answers 502 with HTML': () =>
    sometimes(() => ({
      kind: 'answer',
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: '<html>',
    })),
  'answers 503': () =>
    sometimes(() => ({ kind: 'answer', status: 503, headers: { 'retry-after': '0' } }), 20),
  'answers 429': () => sometimes(() => ({ kind: 'answer', status: 429 }), 10),
  'stalls without closing': () => sometimes(n => ({ kind: 'stall', after: n * 50 }), 7),
  'stops reading requests': () => sometimes(n => ({ kind: 'stall request', after: n * 20 }), 7),
  'closes kept connections': () => sometimes(() => ({ kind: 'close after' })),
}

for (const side of ['source', 'target'] as const) {
  for (const [what, makeFault] of Object.entries(FAULTS)) {
    test(`every leaf arrives when the ${side} ${what}`, async t => {
      const name = `${side}-${what.replace(/[^a-z0-9]/g, '-')}`.toLowerCase()
      const proxy = await startProxy(a.url)
      try {
        const [near, far] = [`${b.url}/${name}`, `${proxy.url}/${name}`]
        await fill(side === 'source' ? a.url : b.url, name, 100)
        if (side === 'source') await call(b.url, 'PUT', `/${name}`)
        else await call(a.url, 'PUT', `/${name}`)
        proxy.script = makeFault()
        const [source, target] = side === 'source' ? [far, near] : [near, far]
        const job = { source, target, continuous: true, worker_batch_size: 50 }
        await call(b.url, 'PUT', `/_replicator/${name}`, { json: job })
        await converged(side === 'source' ? a.url : b.url, side === 'source' ? b.url : a.url, name)
        t.true(proxy.faults > 0)
        await removeJob(name)
      } finally {
        await proxy.close()
      }
    })
  }
}

async function removeJob(name: string): Promise<void> {
  const { body } = await call(b.url, 'GET', `/_replicator/${name}`)
  await call(b.url, 'DELETE', `/_replicator/${name}?rev=${String(body._rev)}`)
}
