import test from 'ava'
import { ExpiringMap } from '../../../server/auth/expiring-map.ts'

test('the entry that was not used for longest goes first', t => {
  const map = new ExpiringMap<string, number>(() => ({ entries: 2, lifetimeMs: 1000 }))
  map.set('a', 1)
  map.set('b', 2)
  t.is(map.get('a'), 1)
  map.set('c', 3)
  t.deepEqual([map.get('a'), map.get('b'), map.get('c')], [1, undefined, 3])
})

test('an entry ends with its lifetime, which an update does not prolong', t => {
  let now = 1000
  const map = new ExpiringMap<string, number>(
    () => ({ entries: 10, lifetimeMs: 100 }),
    () => now,
  )
  map.set('a', 1)
  now += 60
  map.set('a', 2)
  t.is(map.get('a'), 2)
  now += 60
  t.is(map.get('a'), undefined)
  map.set('a', 3)
  now += 60
  t.is(map.get('a'), 3)
})

test('a bound that changes holds from the next entry on, and the rest keep their ends', t => {
  let now = 1000
  let entries = 3
  const map = new ExpiringMap<string, number>(
    () => ({ entries, lifetimeMs: 100 }),
    () => now,
  )
  for (const key of ['a', 'b', 'c']) map.set(key, 1)
  entries = 2
  now += 60
  map.set('d', 1)
  t.is(map.size, 2)
  t.is(map.get('c'), 1)
  now += 60
  t.is(map.get('c'), undefined)
  t.is(map.get('d'), 1)
  entries = 0
  map.set('e', 1)
  t.is(map.get('e'), undefined)
})
