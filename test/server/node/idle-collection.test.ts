import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from '../../../harness/project.ts'
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

/** Bytes of a process's young generation when many of its objects have lived for a while. */
async function youngGeneration(size: 'small' | 'normal'): Promise<number> {
  const args = [...program('test/helpers/young-generation'), size]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 90_000 })
  return Number(stdout)
}

test('heaps that are to stay small have a small young generation, and grow when they may', async t => {
  const small = await youngGeneration('small')
  const normal = await youngGeneration('normal')
  t.true(small > 0 && small < 4 * 1024 * 1024, `${small}`)
  t.true(normal > 2 * small, `${normal}`)
})

for (const size of ['small', 'normal']) {
  test(`code is optimized when the program is loaded, where heaps are ${size}`, async t => {
    const args = ['--allow-natives-syntax', ...program('test/helpers/optimized-code'), size]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 90_000 })
    t.deepEqual(JSON.parse(stdout), { whileLoading: false, afterwards: true })
  })
}
