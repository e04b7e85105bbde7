import test from 'ava'
import { call } from '../helpers/http.ts'
import { agree } from '../helpers/faults/contents.ts'
import { inTurn, seeded, seeds } from '../helpers/faults/random.ts'
import { fill } from '../helpers/faults/sample.ts'
import { startProxy } from '../helpers/faulty-proxy.ts'
import type { Script } from '../helpers/faulty-proxy.ts'
import { replicate } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'

const DOCUMENTS = 160
const OPTIONS = { worker_batch_size: 40, retries_per_request: 10, connection_timeout: 5000 }

/** Every third request loses its connection somewhere, in its own body or in the answer. */
function cutting(random: () => number): Script {
  return () => {
    if (random() > 0.25) return undefined
    const after = Math.floor(random() ** 3 * 40_000)
    return { kind: random() < 0.5 ? 'cut request' : 'cut answer', after }
  }
}

const run = inTurn ? test.serial : test

for (const seed of seeds(1)) {
  for (const direction of ['pull', 'push'] as const) {
    run(
      `a ${direction} over connections that are cut anywhere brings everything once (seed ${seed})`,
      async t => {
        const random = seeded(seed)
        const [peer, server] = await Promise.all([startServer(), startServer()])
        const proxy = await startProxy(peer.url)
        try {
          const [from, to] = direction === 'pull' ? [peer, server] : [server, peer]
          await fill(from.url, 'there', DOCUMENTS, random)
          await call(to.url, 'PUT', '/there')
          proxy.script = cutting(random)
          const remote = `${proxy.url}/there`
          const ends =
            direction === 'pull' ? { source: remote, target: 'there' } : { source: 'there', target: remote }
          const { ok, history, reason } = await replicate(server.url, { ...ends, ...OPTIONS })
          t.true(ok, reason)
          t.is(history?.[0]?.doc_write_failures, 0)
          t.true(proxy.faults > 0)
          await agree(t, from.url, to.url, 'there')
        } finally {
          await proxy.close()
          await Promise.all([peer.close(), server.close()])
        }
      },
    )
  }
}
