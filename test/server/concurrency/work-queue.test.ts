import test from 'ava'
import { WorkQueue } from '../../../server/concurrency/work-queue.ts'

/** Work that goes on until it is told to end. */
function endless(): { work: () => Promise<void>; end: () => void; readonly begun: boolean } {
  let end = (): void => undefined
  let begun = false
  const ended = new Promise<void>(resolve => (end = resolve))
  const work = (): Promise<void> => {
    begun = true
    return ended
  }
  return {
    work,
    end,
    get begun() {
      return begun
    },
  }
}

const turnOfTheLoop = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('P6: some work runs, some waits in its order, and more is refused', async t => {
  const queue = new WorkQueue(() => ({ running: 2, waiting: 2 }))
  const works = Array.from({ length: 5 }, () => endless())
  const done = works.map(({ work }) => queue.run(work))
  const refused = await t.throwsAsync(done[4] as Promise<void>)
  t.like(refused, { status: 503, error: 'service_unavailable' })
  t.deepEqual(
    works.map(({ begun }) => begun),
    [true, true, false, false, false],
  )
  t.is(queue.waiting, 2)
  works[1]?.end()
  await turnOfTheLoop()
  t.deepEqual(
    works.map(({ begun }) => begun),
    [true, true, true, false, false],
  )
  for (const { end } of works) end()
  await Promise.all(done.slice(0, 4))
  t.is(queue.waiting, 0)
  await t.notThrowsAsync(queue.run(async () => undefined))
})

test('work that fails gives its place to the next', async t => {
  const queue = new WorkQueue(() => ({ running: 1, waiting: 5 }))
  const failing = queue.run(() => Promise.reject(new Error('failed')))
  const next = queue.run(async () => 'done')
  await t.throwsAsync(failing, { message: 'failed' })
  t.is(await next, 'done')
})

test('who leaves gives up the place in the queue', async t => {
  const queue = new WorkQueue(() => ({ running: 1, waiting: 1 }))
  const running = endless()
  const done = queue.run(running.work)
  const leaver = new AbortController()
  const waiting = queue.run(async () => t.fail(), leaver)
  t.throws(() => queue.admit(), { message: /service_unavailable/ })
  leaver.abort(new Error('left'))
  await t.throwsAsync(waiting, { message: 'left' })
  t.notThrows(() => queue.admit())
  const watcher = new AbortController()
  const watched = queue.watch(() => new Promise(() => undefined), watcher)
  t.is(queue.waiting, 1)
  watcher.abort(new Error('left too'))
  await t.throwsAsync(watched, { message: 'left too' })
  t.is(queue.waiting, 0)
  const here = ['here']
  t.is(await queue.watch(() => here, watcher), here)
  running.end()
  await done
})

test('an answer in pieces holds no turn while nobody asks for the next piece', async t => {
  const queue = new WorkQueue(() => ({ running: 1, waiting: 0 }))
  let closed = 0
  const pieces = async function* (): AsyncGenerator<number> {
    try {
      yield 1
      yield 2
    } finally {
      closed++
    }
  }
  const client = new AbortController()
  const slow = queue.inTurns(pieces(), client)
  t.is((await slow.next()).value, 1)
  const others: number[] = []
  for await (const piece of queue.inTurns(pieces(), client)) others.push(piece)
  t.deepEqual(others, [1, 2])
  t.is((await slow.next()).value, 2)
  t.true((await slow.next()).done)
  const dropped = queue.inTurns(pieces(), client)
  await dropped.next()
  await dropped.return()
  t.is(closed, 3)
})
