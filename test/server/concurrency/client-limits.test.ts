import test from 'ava'
import { ClientLimits, type Limits } from '../../../server/concurrency/client-limits.ts'

const NONE: Limits = { rate: 0, burst: 0, requests: 0, feeds: 0 }

/** Limits by a clock that the test sets, in milliseconds. */
function limitsAt(start = 0) {
  const clock = { now: start }
  return { clock, limits: new ClientLimits(() => clock.now) }
}

test('a burst is admitted at once, and then as many as the rate allows', t => {
  const { clock, limits } = limitsAt()
  const most: Limits = { ...NONE, rate: 2, burst: 5 }
  const enter = (key = 'a') => limits.enter(key, 'requests', most)
  for (let n = 0; n < 5; n += 1) t.true('leave' in enter())
  t.deepEqual(enter(), { retryAfter: 1 })
  t.true('leave' in enter('b'), 'another client has its own')
  clock.now = 400
  t.false('leave' in enter(), 'asking meanwhile earns nothing')
  clock.now = 500
  t.true('leave' in enter())
  t.false('leave' in enter())
  clock.now = 1e9
  for (let n = 0; n < 5; n += 1) t.true('leave' in enter())
  t.false('leave' in enter(), 'a long rest earns no more than a burst')
})

test('without a burst, those of one second are admitted at once', t => {
  const { limits } = limitsAt()
  const admitted = Array.from({ length: 10 }, () => limits.enter('a', 'requests', { ...NONE, rate: 3 }))
  t.is(admitted.filter(found => 'leave' in found).length, 3)
})

test('requests and feeds are bounded each for itself, and make room when they end', t => {
  const { limits } = limitsAt()
  const most: Limits = { ...NONE, requests: 2, feeds: 1 }
  const first = limits.enter('a', 'requests', most)
  t.true('leave' in limits.enter('a', 'requests', most))
  t.true('leave' in limits.enter('a', 'feeds', most))
  t.false('leave' in limits.enter('a', 'requests', most))
  t.false('leave' in limits.enter('a', 'feeds', most))
  if ('leave' in first) first.leave()
  t.true('leave' in limits.enter('a', 'requests', most))
  t.false('leave' in limits.enter('a', 'requests', most))
})

test('a refused request costs no token', t => {
  const { limits } = limitsAt()
  const most: Limits = { ...NONE, rate: 1, burst: 2, requests: 1 }
  const first = limits.enter('a', 'requests', most)
  for (let n = 0; n < 5; n += 1) t.false('leave' in limits.enter('a', 'requests', most))
  if ('leave' in first) first.leave()
  t.true('leave' in limits.enter('a', 'requests', most))
})

test('a crowd of addresses is not remembered for ever', t => {
  const { limits } = limitsAt()
  for (let n = 0; n < 60_000; n += 1) limits.enter(`a${n}`, 'requests', { ...NONE, rate: 1 })
  t.is(limits.size, 50_000)
})
