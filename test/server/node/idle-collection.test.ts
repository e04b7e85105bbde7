import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { collectWhenIdle } from '../../../server/node/idle-collection.ts'

const INTERVAL_MS = 20

test('memory that a load left behind is freed when the thread is idle', async t => {
  const end = collectWhenIdle({ intervalMs: INTERVAL_MS })
  t.teardown(end)
  const buffer = new WeakRef(Buffer.alloc(32 * 1024 * 1024, 1))
  // Nothing is allocated here that would make V8 collect by itself.
  for (let wait = 0; buffer.deref() !== undefined && wait < 1000; wait++) await sleep(INTERVAL_MS)
  t.is(buffer.deref(), undefined)
})
