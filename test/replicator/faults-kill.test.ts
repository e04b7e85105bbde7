import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../helpers/eventually.ts'
import { agree } from '../helpers/faults/contents.ts'
import { Editor } from '../helpers/faults/editor.ts'
import { jobState, replicateBothWays } from '../helpers/faults/jobs.ts'
import { KillableNode } from '../helpers/faults/killable.ts'
import { seeded, seeds } from '../helpers/faults/random.ts'
import { startProxy } from '../helpers/faulty-proxy.ts'
import type { Script } from '../helpers/faulty-proxy.ts'
import { call } from '../helpers/http.ts'
import { converged } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'

const NAME = 'killed'
const KILLS = 5

/** One request in ten loses its connection. */
function cutting(random: () => number): Script {
  return () => {
    if (random() > 0.1) return undefined
    return { kind: random() < 0.5 ? 'cut request' : 'cut answer', after: Math.floor(random() * 5000) }
  }
}

for (const seed of seeds(1)) {
  test.serial(
    `the replicating node is killed while both sides are edited over a bad line (seed ${seed})`,
    async t => {
      t.timeout(600_000)
      const random = seeded(seed)
      const [near, far] = await Promise.all([KillableNode.start(), startServer()])
      const proxy = await startProxy(far.url)
      const editors = [near.url, far.url].map(
        (url, at) => new Editor(url, NAME, { name: `editor-${at}`, random }),
      )
      try {
        await replicateBothWays(near.url, proxy.url, NAME)
        proxy.script = cutting(random)
        for (const editor of editors) editor.start()
        for (let kill = 0; kill < KILLS; kill++) {
          await sleep(200 + random() * 1500)
          await near.kill()
          await near.start()
        }
        await Promise.all(editors.map(editor => editor.stop()))
        await converged(near.url, far.url, NAME)
        await agree(t, near.url, far.url, NAME)
        for (const { acknowledged } of editors) {
          t.true(acknowledged.size > 0)
          for (const { url } of [near, far]) {
            const known = await call(url, 'POST', `/${NAME}/_revs_diff`, {
              json: Object.fromEntries(acknowledged),
            })
            t.deepEqual(known.body, {})
          }
        }
        for (const job of ['pull', 'push']) {
          const { body } = await call(near.url, 'GET', `/_scheduler/docs/_replicator/${job}/failures`)
          t.is(body.total, 0)
          await eventually(`${job} runs`, async () => (await jobState(near.url, job)).state === 'running')
        }
      } finally {
        await Promise.all(editors.map(editor => editor.stop()))
        await proxy.close()
        await Promise.all([near.close(), far.close()])
      }
    },
  )
}
