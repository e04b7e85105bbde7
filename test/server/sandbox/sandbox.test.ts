import test, { type ExecutionContext } from 'ava'
import { CouchError } from '../../../protocol/errors.ts'
import { rowParts } from '../../../protocol/view-row.ts'
import { CallClock } from '../../../server/sandbox/call-clock.ts'
import { ROW_FIELDS } from '../../../server/sandbox/messages.ts'
import { Sandbox } from '../../../server/sandbox/sandbox.ts'
import { threadCpuMs } from '../../../server/sandbox/thread-cpu.ts'
import { ddoc, escapes } from './functions.ts'

const limits = { memoryBytes: 16 * 1024 * 1024, stackBytes: 256 * 1024 }
const lines: string[] = []
const sandbox = new Sandbox({
  limits,
  timeoutMs: () => 300,
  workers: 2,
  onLog: (_key, more) => lines.push(...more),
})
test.after.always(() => sandbox.close())

const storage = { prefix: new Uint8Array(0), collations: [], partitioned: false, ids: [] }

/** The rows of each map function for each document, as `doc/function key value`. */
async function map(
  maps: string[],
  documents: unknown[],
  lib: { [name: string]: string } | null = null,
): Promise<string[]> {
  const texts = documents.map(document => JSON.stringify(document))
  const { bytes, index } = await sandbox.map(
    { owner: '1', maps, lib },
    `[${texts.join()}]`,
    storage,
    'background',
  )
  const rows: string[] = []
  for (let at = 0; at < index.length; at += ROW_FIELDS) {
    const [document, view, , start, end] = index.subarray(at, at + ROW_FIELDS)
    const { key, value } = rowParts(bytes.subarray(start, end))
    rows.push(`${document}/${view} ${key} ${value}`)
  }
  return rows
}

async function refusal(t: ExecutionContext, work: Promise<unknown>): Promise<CouchError> {
  const error = await t.throwsAsync(work, { instanceOf: CouchError })
  return error
}

test('maps documents in batches, several functions at once', async t => {
  const maps = [
    'function (doc) { emit(doc.n, doc._id) }',
    '(doc) => { if (doc.n > 1) { emit(1); emit([2, null], {}) } }',
  ]
  t.deepEqual(
    await map(maps, [
      { _id: 'a', n: 1 },
      { _id: 'b', n: 2 },
    ]),
    ['0/0 1 "a"', '1/0 2 "b"', '1/1 1 null', '1/1 [2,null] {}'],
  )
})

test('a map function that throws, or emits what is not JSON, emits nothing for that document and says so in the log', async t => {
  const maps = [
    'function (doc) { emit(1); if (doc.bad) doc.x.y }',
    'function (doc) { emit(1n, 1) }',
    'function (doc) { doc.list.push(1); emit(0) }',
  ]
  t.deepEqual(
    await map(maps, [
      { _id: 'a', list: [] },
      { _id: 'b', bad: true, list: [] },
    ]),
    ['0/0 1 null'],
  )
  t.true(lines.some(line => line.includes('with doc._id b')))
})

test('more rows than an engine has memory for are mapped all the same, unless they are of one document', async t => {
  const rows = 'var s = "x".repeat(1000); for (var i = 0; i < doc.n; i++) emit(i, s)'
  const documents = Array.from({ length: 25 }, (_, i) => ({ _id: `d${i}`, n: 1000 }))
  t.is((await map([`function (doc) { ${rows} }`], documents)).length, 25_000)
  const error = await refusal(
    t,
    map(
      [`function (doc) { ${rows} }`],
      [
        { _id: 'a', n: 25_000 },
        { _id: 'b', n: 1 },
      ],
    ),
  )
  t.is(error.status, 500)
})

test('functions, symbols and numbers that JSON does not have are emitted as null', async t => {
  t.deepEqual(await map(['function () { emit(function () {}, NaN); emit(undefined, Symbol()) }'], [{}]), [
    '0/0 null null',
    '0/0 null null',
  ])
})

test('modules of views.lib can be required, relative to each other too', async t => {
  const lib = {
    double: 'exports.f = n => n * 2',
    deep: { er: 'module.exports = n => require("../double").f(n) + 1' },
  }
  t.deepEqual(
    await map(['function (doc) { emit(require("views/lib/deep/er")(doc.n)) }'], [{ n: 2 }], lib as never),
    ['0/0 5 null'],
  )
})

test('what does not compile is refused with the source in the reason', async t => {
  const error = await refusal(t, sandbox.compile({ owner: '1', source: 'function (doc) { emit(doc._id, ' }))
  t.like(error, {
    status: 400,
    error: 'compilation_error',
    reason: "SyntaxError: unexpected token in expression: '' (function (doc) { emit(doc._id, )",
  })
  t.like(await refusal(t, sandbox.compile({ owner: '1', source: '' })), {
    status: 404,
    error: 'not_found',
    reason: 'missing function',
  })
  t.like(await refusal(t, sandbox.compile({ owner: '1', source: '5' })), { error: 'compilation_error' })
})

test('filters, validators, shows, updates, lists and rewrites answer', async t => {
  t.deepEqual(await sandbox.filter(ddoc, 'good', ['{"t":"x"}', '{"t":"y"}'], { query: { on: 'yes' } }), [
    true,
    false,
  ])
  t.deepEqual(await sandbox.emits(ddoc, 'big', ['{"n":1}', '{"n":2}']), [false, true])
  const calls = ['{}', '{"no":1}', '{"who":1}', '{"bug":1}', '{"s":1}'].map(
    doc => `[${doc},null,{"name":"me"},{}]`,
  )
  t.deepEqual(await sandbox.validate(ddoc, calls), [
    null,
    { thrown: { forbidden: 'no' } },
    { thrown: { unauthorized: 'me' } },
    { error: ['error', 'TypeError', {}] },
    { thrown: 's' },
  ])
  t.deepEqual(await sandbox.show(ddoc, 's', '[{"_id":"a"},{}]'), { body: '<a>' })
  t.deepEqual(await sandbox.update(ddoc, 'u', '[null,{}]'), {
    document: { _id: 'new', by: '_design/x' },
    response: { json: { a: 1 } },
  })
  const [head, rows] = [{ code: 201, headers: {} }, '[{"key":1},{"key":2}]']
  const said = { head, hasBegun: true, wantsRows: false }
  const more = ['[{"key":3}]', '[{"key":4}]', '']
  const heard: unknown[] = []
  const hear = async (part: unknown) => {
    heard.push(part)
    return more.shift() ?? 'nothing'
  }
  t.deepEqual(await sandbox.list(ddoc, 'l', '[{},{}]', { rows, isWhole: true }, hear), {
    ...said,
    text: '12.',
  })
  t.deepEqual(await sandbox.list(ddoc, 'l', '[{},{}]', { rows, isWhole: false }, hear), {
    ...said,
    text: '.',
  })
  const asked = { ...said, wantsRows: true }
  t.deepEqual(
    heard,
    ['12', '3', '4'].map(text => ({ ...asked, text })),
  )
  t.deepEqual(await sandbox.rewrite(ddoc, '{"path":"b"}'), { path: '/a/b' })
  t.like(await refusal(t, sandbox.filter(ddoc, 'none', [], {})), { status: 404, error: 'not_found' })
})

test('reduces and rereduces many batches; one that throws gives null', async t => {
  const source =
    'function (keys, values, rereduce) { if (values.length > 2) throw 1; return rereduce ? sum(values) : keys.length }'
  const batches = ['[[[1,"a"],[2,"b"]],[5,6]]', '[[[1,"a"]],[5]]', '[[],[1,2,3]]']
  t.deepEqual(await sandbox.reduce({ owner: '1', source }, batches, { rereduce: false, lane: 'request' }), [
    2,
    1,
    null,
  ])
  t.deepEqual(
    await sandbox.reduce({ owner: '1', source }, ['[null,[5,6]]'], { rereduce: true, lane: 'request' }),
    [11],
  )
})

const hostile: [what: string, source: string][] = [
  ['loops', 'function () { for (;;); }'],
  ['loops and catches', 'function () { for (;;) try { for (;;); } catch (e) {} finally { for (;;); } }'],
  ['allocates', 'function () { var a = []; for (;;) a.push(new Array(10000).fill(1)) }'],
  ['builds a string', 'function () { var s = "x"; for (;;) s += s }'],
  ['backtracks in a pattern', 'function () { /(a+)+$/.test("a".repeat(40) + "!") }'],
  ['never leaves the engine', 'function () { new Array(1e9).sort() }'],
]

for (const [what, source] of hostile) {
  test(`a function that ${what} ends with an error for its caller alone`, async t => {
    const begun = performance.now()
    const bystander = map(['function (doc) { emit(doc._id) }'], [{ _id: 'by' }])
    const error = await refusal(t, map([source], [{ _id: 'a' }]))
    t.is(error.status, 500)
    t.deepEqual(await bystander, ['0/0 "by" null'])
    t.true(performance.now() - begun < 60_000)
  })
}

test('a function that recurses without end emits nothing or fails, and others go on', async t => {
  await map(['(function f() { f() })'], [{ _id: 'a' }]).catch((error: unknown) =>
    t.true(error instanceof CouchError),
  )
  await map(['(function f(x) { return [1].map(f) })'], [{ _id: 'a' }]).catch((error: unknown) =>
    t.true(error instanceof CouchError),
  )
  t.deepEqual(await map(['function (doc) { emit(doc._id) }'], [{ _id: 'by' }]), ['0/0 "by" null'])
})

test('each document has its own time', async t => {
  const slow = 'function (doc) { var end = Date.now() + 60; while (Date.now() < end); emit(doc._id) }'
  const documents = Array.from({ length: 10 }, (_, i) => ({ _id: `d${i}` }))
  t.is((await map([slow], documents)).length, 10)
})

test('the time of a call may be changed while the sandbox runs', async t => {
  let timeoutMs = 50
  const other = new Sandbox({ timeoutMs: () => timeoutMs, workers: 1 })
  t.teardown(() => other.close())
  const filter = 'function () { var end = Date.now() + 1000; while (Date.now() < end); return true }'
  const slow = {
    owner: '1',
    json: JSON.stringify({ filters: { slow: filter, endless: 'function () { for (;;); }' } }),
  }
  t.like(await refusal(t, other.filter(slow, 'endless', ['{}'], {})), { error: 'os_process_error' })
  timeoutMs = 10_000
  t.deepEqual(await other.filter(slow, 'slow', ['{}'], {}), [true])
})

test('the time of a call is that of its thread, and not what a busy machine takes from it', t => {
  if (threadCpuMs() === undefined) return t.pass('nobody tells here')
  let extended = 0
  const clock = new CallClock(() => extended++)
  clock.begin(300)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  t.deepEqual([clock.isOver, extended], [false, 1])
  const enough = (threadCpuMs() ?? 0) + 350
  while ((threadCpuMs() ?? 0) < enough);
  t.true(clock.isOver)
})

for (const source of escapes) {
  test(`there is no way out by ${source}`, async t => {
    t.deepEqual(await map([`function (doc) { emit("out", ${source}) }`], [{}]), [])
  })
}

test('what one design document does to its globals does not reach another', async t => {
  const poison = `function (doc) {
    Array.prototype.map = JSON.parse = JSON.stringify = function () { return '"poisoned"' };
    Object.prototype.poisoned = true; globalThis.emit = null }`
  await map([poison], [{ _id: 'a' }]).catch(() => undefined)
  t.deepEqual(await map(['function (doc) { emit(doc._id, typeof {}.poisoned) }'], [{ _id: 'b' }]), [
    '0/0 "b" "undefined"',
  ])
})

test('a design document has other engines in another database', async t => {
  const maps = ['function (doc) { globalThis.seen = (globalThis.seen || 0) + 1; emit(seen) }']
  const count = async (owner: string) => {
    const { bytes, index } = await sandbox.map({ owner, maps, lib: null }, '[{}]', storage, 'request')
    return rowParts(bytes.subarray(index[3], index[4])).key
  }
  t.is(await count('a'), '1')
  t.is(await count('b'), '1')
})

test('a closed sandbox refuses work', async t => {
  const other = new Sandbox({ workers: 1 })
  const pending = other.compile({ owner: '1', source: 'function () { for (;;); }' })
  await other.close()
  await other.close()
  await t.throwsAsync(pending)
  t.like(await refusal(t, other.compile({ owner: '1', source: 'function () {}' })), { status: 503 })
})
