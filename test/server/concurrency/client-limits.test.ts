import test from 'ava'
import { ClientLimits, type Limits } from '../../../server/concurrency/client-limits.ts'

const NONE: Limits = { rate: 0, burst: 0, requests: 0, feeds: 0 }

/** Limits by a clock that the test sets, in milliseconds. */
function limitsAt(start = 0) {
  const clock = { now: start }
  return { clock, limits: new ClientLimits(1, 0, () => clock.now) }
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

test('a crowd of addresses takes no place from a client whose requests run', t => {
  const { limits } = limitsAt()
  const most: Limits = { ...NONE, rate: 1, burst: 10, feeds: 1 }
  t.true('leave' in limits.enter('a', 'feeds', most))
  for (let n = 0; n < 200_000; n += 1) {
    const found = limits.enter(`a${n}`, 'requests', most)
    if ('leave' in found) found.leave()
    else t.fail('each has a burst of its own')
  }
  t.false('leave' in limits.enter('a', 'feeds', most))
})

test('threads count one client together, and what one held goes when it ends', t => {
  const now = (): number => 0
  const store = new ClientLimits(3, 0, now)
  const [one, two] = [1, 2].map(thread => new ClientLimits(store.buffer, thread, now))
  const most: Limits = { ...NONE, rate: 1, burst: 3, feeds: 2 }
  t.true('leave' in one!.enter('a', 'feeds', most))
  t.true('leave' in two!.enter('a', 'feeds', most))
  t.false('leave' in store.enter('a', 'feeds', most))
  store.clear(1)
  const third = store.enter('a', 'feeds', most)
  t.false('leave' in one!.enter('a', 'requests', most), 'the burst is that of all threads')
  if (!('withdraw' in third)) return t.fail('there is room for a feed')
  third.withdraw()
  t.true('leave' in two!.enter('a', 'feeds', most), 'a request that is counted elsewhere costs nothing here')
})
