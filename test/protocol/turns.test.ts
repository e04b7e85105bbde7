import test from 'ava'
import { Turns } from '../../protocol/turns.ts'

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Work that ends when it is told to, and notes when it began. */
function manualWork(began: string[]) {
  const ends = new Map<string, () => void>()
  return {
    start: (name: string) => () => {
      began.push(name)
      return new Promise<void>(resolve => ends.set(name, resolve))
    },
    end: async (name: string) => {
      ends.get(name)!()
      await nextTurn()
    },
  }
}

test('P6: so many run at a time, at once where there is room, and the others in the order in which they came', async t => {
  const turns = new Turns(() => ({ running: 2 }))
  const began: string[] = []
  const { start, end } = manualWork(began)
  const all = ['a', 'b', 'c', 'd'].map(name => turns.run(start(name)))
  t.deepEqual([began, turns.running, turns.waiting], [['a', 'b'], 2, 2])
  await end('b')
  t.deepEqual([began, turns.running, turns.waiting], [['a', 'b', 'c'], 2, 1])
  for (const name of ['a', 'c', 'd']) await end(name)
  await Promise.all(all)
  t.deepEqual([began, turns.running, turns.isFree()], [['a', 'b', 'c', 'd'], 0, true])
})

test('P6: who leaves gives up the place, and a turn that was taken by hand passes on', async t => {
  const turns = new Turns(() => ({ running: 1 }))
  t.is(turns.begin(), undefined)
  const leaving = new AbortController()
  const left = t.throwsAsync(
    turns.run(async () => t.fail(), leaving),
    { message: 'gone' },
  )
  const next = turns.run(async () => 'done')
  t.is(turns.waiting, 2)
  leaving.abort(new Error('gone'))
  await left
  t.is(turns.waiting, 1)
  turns.end()
  t.is(await next, 'done')
  t.is(turns.running, 0)
})

test('limits that are raised let more begin when a piece of work ends', async t => {
  let running = 1
  const turns = new Turns(() => ({ running }))
  const began: string[] = []
  const { start, end } = manualWork(began)
  const all = ['a', 'b', 'c'].map(name => turns.run(start(name)))
  running = 2
  await end('a')
  t.deepEqual(began, ['a', 'b', 'c'])
  for (const name of ['b', 'c']) await end(name)
  await Promise.all(all)
})
