import test from 'ava'
import { Admission } from '../../../server/sandbox/admission.ts'
import { FairQueue } from '../../../server/sandbox/fair-queue.ts'
import { Sandbox } from '../../../server/sandbox/sandbox.ts'

test('a queue serves owners in turn', t => {
  const queue = new FairQueue<string>()
  for (const item of ['a1', 'a2', 'a3']) queue.push('a', item)
  queue.push('b', 'b1')
  t.is(queue.take(), 'a1')
  t.is(queue.take(), 'b1')
  queue.push('c', 'c1')
  t.is(
    queue.take(owner => owner !== 'a'),
    'c1',
  )
  t.is(
    queue.take(owner => owner !== 'a'),
    undefined,
  )
  t.deepEqual(queue.drain(), ['a2', 'a3'])
  t.is(queue.length, 0)
})

test('a queue serves first the owner that took the least time lately', t => {
  let now = 0
  const queue = new FairQueue<string>(() => now)
  const evil = ['e1', 'e2', 'e3', 'e4']
  for (const owner of evil) {
    queue.charge(owner, 5000)
    queue.push(owner, owner)
    queue.push(owner, `${owner} again`)
  }
  queue.push('good', 'good')
  t.is(queue.take(), 'good')
  t.is(queue.take(), 'e1')
  queue.charge('e1', 5000)
  // The others come first now, and then the one that took more.
  t.deepEqual([queue.take(), queue.take(), queue.take()], ['e2', 'e3', 'e4'])
  for (const owner of evil.slice(1)) queue.charge(owner, 9000)
  t.is(queue.take(), 'e1 again')
  // What was taken is forgotten: the order of coming counts again.
  now = 1e6
  queue.push('late', 'late')
  t.deepEqual(
    [queue.take(), queue.take(), queue.take(), queue.take()],
    [...evil.slice(1).map(owner => `${owner} again`), 'late'],
  )
})

test('no database and no lane can have all workers', t => {
  const admission = new Admission(2)
  const show = { lane: 'request', owner: 'a' } as const
  const build = { lane: 'background', owner: 'a' } as const
  const write = { lane: 'validation', owner: 'a' } as const
  t.true(admission.mayRun(show, [show]))
  t.false(admission.mayRun(show, [show, show]))
  t.true(admission.mayRun({ ...show, owner: 'b' }, [show, show]))
  t.false(admission.mayRun({ ...show, owner: 'c' }, [show, show, { ...show, owner: 'b' }]))
  t.true(admission.mayRun({ ...write, owner: 'c' }, [show, show, { ...show, owner: 'b' }]))
  t.false(admission.mayRun(build, [build]))
  t.false(admission.mayRun(write, [write, write, write]))
  t.true(admission.mayRun({ ...write, owner: 'b' }, [write, write, write]))
})

test('thirty looping shows of one database do not delay the functions of another', async t => {
  const timeoutMs = 400
  const sandbox = new Sandbox({ workers: 2, timeoutMs: () => timeoutMs })
  t.teardown(() => sandbox.close())
  const ddoc = (owner: string) => ({
    owner,
    json: JSON.stringify({
      shows: { loop: 'function () { for (;;); }', quick: 'function () { return "quick" }' },
      validate_doc_update: 'function () {}',
    }),
  })
  const state = { ended: 0 }
  const loops = Array.from({ length: 30 }, () =>
    sandbox.show(ddoc('evil'), 'loop', '[null,{"path":[]}]').catch(() => state.ended++),
  )
  await sandbox.validate(ddoc('good'), ['[{},null,{},{}]'])
  const shown = await sandbox.show(ddoc('good'), 'quick', '[null,{"path":[]}]')
  t.deepEqual(shown, { body: 'quick' })
  // Two run at a time: in the order of coming, all thirty would have ended before.
  t.true(state.ended < 20, `${state.ended} had ended`)
  await sandbox.close()
  await Promise.all(loops)
})

test('the memory of an engine has a bound', async t => {
  const sandbox = new Sandbox({ workers: 1, timeoutMs: () => 20_000 })
  t.teardown(() => sandbox.close())
  const sources = [
    'var a = []; for (;;) a.push(new Array(100000).fill(a.length))',
    'var s = "x"; for (;;) s += s + s.length',
    'var a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))',
    'var a = {}; for (var i = 0; ; i++) a["k" + i] = "v".repeat(1000) + i',
  ]
  const before = process.memoryUsage().rss
  for (const [at, source] of sources.entries()) {
    const json = JSON.stringify({ shows: { f: `function () { ${source} }` } })
    await t.throwsAsync(sandbox.show({ owner: `${at}`, json }, 'f', '[null,{"path":[]}]'))
    const grown = (process.memoryUsage().rss - before) / 2 ** 20
    t.true(grown < 400, `${Math.round(grown)} MiB more`)
  }
})

test('slow CoffeeScript of many databases does not hold up a write to another', async t => {
  const sandbox = new Sandbox({ workers: 1, timeoutMs: () => 200 })
  t.teardown(() => sandbox.close())
  // Each of them keeps the compiler busy until its time is over.
  const slow = (owner: string, n: number) => ({
    owner,
    language: 'coffeescript',
    json: JSON.stringify({ language: 'coffeescript', validate_doc_update: `${'('.repeat(1e5)}${n}` }),
  })
  const state = { ended: 0 }
  const attack = (round: number) =>
    Array.from({ length: 12 }, (_, n) =>
      sandbox
        .validate(slow(`evil${n}`, round), ['[{},null,{},{}]'])
        .catch(() => undefined)
        .then(() => state.ended++),
    )
  await Promise.all(attack(0))
  const attacks = attack(1)
  const good = { owner: 'good', json: JSON.stringify({ validate_doc_update: 'function () {}' }) }
  state.ended = 0
  await sandbox.validate(good, ['[{},null,{},{}]'])
  // It waits for one that runs, and not for a turn of each.
  t.true(state.ended < 9, `${state.ended} had ended`)
  await sandbox.close()
  await Promise.all(attacks)
})
