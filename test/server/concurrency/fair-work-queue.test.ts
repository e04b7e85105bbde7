import test from 'ava'
import { FairWorkQueue } from '../../../server/concurrency/fair-work-queue.ts'

const never = () => new AbortController()
const turnOfTheLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Runs one piece of work at a time, and notes whose. */
function queueOfOne(limits: { waiting: number; waitingPerOwner: number }) {
  const queue = new FairWorkQueue(() => ({ running: 1, ...limits }))
  const order: string[] = []
  let release: () => void = () => undefined
  const held = new Promise<void>(resolve => (release = resolve))
  void queue.run('first', () => held, never())
  const run = (owner: string, waiter = never()) =>
    queue
      .run(owner, async () => void order.push(owner), waiter)
      .then(
        () => 'done',
        (error: Error) => error.message,
      )
  return { queue, order, release, run }
}

test('P6: owners take turns, whoever has more waiting', async t => {
  const { order, release, run } = queueOfOne({ waiting: 9, waitingPerOwner: 9 })
  const all = ['a', 'a', 'a', 'b', 'c', 'b'].map(owner => run(owner))
  release()
  await Promise.all(all)
  t.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'a'])
})

test('P6: an owner has only so many waiting', async t => {
  const { order, release, run } = queueOfOne({ waiting: 9, waitingPerOwner: 2 })
  const all = ['a', 'a', 'a', 'b'].map(owner => run(owner))
  t.regex(await all[2]!, /busy/)
  release()
  await Promise.all(all)
  t.deepEqual(order, ['a', 'b', 'a'])
})

test('P6: a full queue takes the newest place of who has most', async t => {
  const { queue, order, release, run } = queueOfOne({ waiting: 3, waitingPerOwner: 3 })
  const all = ['a', 'a', 'a', 'b'].map(owner => run(owner))
  t.regex(await all[2]!, /busy/)
  t.is(queue.waiting, 3)
  // One more would have as many as the other.
  t.regex(await run('b'), /busy/)
  release()
  t.deepEqual(await Promise.all([all[0], all[1], all[3]]), ['done', 'done', 'done'])
  t.deepEqual(order, ['a', 'b', 'a'])
  t.is(queue.waiting, 0)
})

test('who leaves gives up the place, and work that fails gives its place to the next', async t => {
  const { queue, order, release, run } = queueOfOne({ waiting: 3, waitingPerOwner: 3 })
  const leaver = new AbortController()
  const left = run('a', leaver)
  const failing = queue.run('b', () => Promise.reject(new Error('failed')), never())
  const last = run('c')
  leaver.abort(new Error('left'))
  t.is(await left, 'left')
  t.is(queue.waiting, 2)
  release()
  await t.throwsAsync(failing, { message: 'failed' })
  t.is(await last, 'done')
  await turnOfTheLoop()
  t.deepEqual(order, ['c'])
})

test('P6: an owner has only so many running, and others pass those that wait', async t => {
  const queue = new FairWorkQueue(() => ({ running: 2, waiting: 9, runningPerOwner: 1 }))
  const order: string[] = []
  const held = new Map<string, () => void>()
  const run = (name: string) =>
    queue.run(
      name[0]!,
      () => {
        order.push(name)
        return new Promise<void>(resolve => held.set(name, resolve))
      },
      never(),
    )
  const all = ['a1', 'a2', 'a3', 'b1', 'b2'].map(run)
  t.deepEqual([order, queue.running, queue.waiting], [['a1', 'b1'], 2, 3])
  for (const [name, next] of [
    ['b1', 'b2'],
    ['a1', 'a2'],
    ['a2', 'a3'],
  ] as const) {
    held.get(name)?.()
    await turnOfTheLoop()
    t.is(order.at(-1), next)
  }
  held.get('a3')?.()
  held.get('b2')?.()
  await Promise.all(all)
  t.deepEqual([queue.running, queue.waiting], [0, 0])
})
