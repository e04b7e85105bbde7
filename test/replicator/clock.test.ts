import test from 'ava'
import { eventually } from '../helpers/eventually.ts'
import { startProxy } from '../helpers/faulty-proxy.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'
import { Lockout } from '../../server/auth/login/lockout.ts'

const HOUR = 3600_000
const realNow = Date.now.bind(Date)

test.serial('a clock that is set back does not keep a crashed job waiting', async t => {
  const settings = [
    { section: 'replicator', key: 'crash_backoff', value: '300' },
    { section: 'replicator', key: 'retries_per_request', value: '0' },
  ]
  const [far, near] = await Promise.all([startServer(), startServer({ settings })])
  const proxy = await startProxy(far.url, () => ({ kind: 'answer', status: 404 }))
  t.teardown(() => Promise.all([proxy.close(), far.close(), near.close()]))
  await call(far.url, 'PUT', '/from')
  const job = { source: `${proxy.url}/from`, target: `${near.url}/to`, create_target: true }
  await call(near.url, 'PUT', '/_replicator/job', { json: job })
  const state = async () => (await call(near.url, 'GET', '/_scheduler/docs/_replicator/job')).body
  await eventually('it crashes', async () => (await state()).state === 'crashing')
  const moved = process.hrtime()
  // From here on no helper may ask `Date.now`: this one waits by the number of tries.
  Date.now = () => realNow() - HOUR
  try {
    proxy.script = () => undefined
    let completed = false
    for (let tries = 0; tries < 200 && !completed; tries++) {
      completed = (await state()).state === 'completed'
      if (!completed) await new Promise(resolve => setTimeout(resolve, 50))
    }
    t.true(completed, `after ${process.hrtime(moved)[0]} s`)
  } finally {
    Date.now = realNow
  }
})

test.serial('a lock ends in time whatever the clock on the wall says', async t => {
  const settings = {
    mode: 'enforce',
    threshold: 1,
    maxObjects: 10,
    maxLifetimeMs: 50,
    maxWaiting: 10,
  } as const
  const lockout = new Lockout(() => settings)
  const attempt = { peer: 'p', name: 'n', salt: 's' }
  lockout.failed(attempt)
  t.is(lockout.state(attempt), 'locked')
  Date.now = () => realNow() - HOUR
  try {
    await new Promise(resolve => setTimeout(resolve, 80))
    t.is(lockout.state(attempt), 'free')
  } finally {
    Date.now = realNow
  }
})
