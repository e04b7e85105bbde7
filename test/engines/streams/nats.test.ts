import assert from 'node:assert/strict'
import test, { type ExecutionContext } from 'ava'
import { call } from '../../helpers/http.ts'
import { JobServer } from './job-server.ts'
import { NatsServer } from './nats-server.ts'
import { retried } from './retried.ts'

let nats: NatsServer
const server = new JobServer()
const { putJob, jobOf, ids, bulk } = server

test.before(async () => {
  nats = await NatsServer.start()
  await server.start()
})
test.after.always(async () => {
  await server.close()
  await nats?.close()
})

type Document = Record<string, unknown>

function assertLike(value: Document | undefined, expected: Document): void {
  for (const [name, member] of Object.entries(expected)) assert.deepEqual(value?.[name], member, name)
}

async function setUp(t: ExecutionContext, name: string, broker = nats) {
  await broker.use(({ manager }) => manager.streams.add({ name, subjects: [`${name}.>`] }))
  const at = await server.makePair(t, name)
  const stream = { url: `nats://${broker.address}`, stream: name, subject: `${name}.{id}` }
  return { stream, source: { ...stream, subject: `${name}.>` }, at }
}

test('documents go through a stream into another database as they are, and deletions too', async t => {
  const { stream, source, at } = await setUp(t, 'plain')
  await bulk(
    'plain-a',
    Array.from({ length: 300 }, (_, n) => ({ _id: `doc ${n}.x`, n, big: 2 ** 53 })),
  )
  await putJob('plain-out', { source: at('plain-a'), target: stream, continuous: true })
  await putJob('plain-in', { source, target: at('plain-b'), continuous: true })
  await retried(async () => assert.deepEqual(await ids('plain-b'), await ids('plain-a')))
  const { body } = await call<Document>(server.url, 'GET', '/plain-a/doc%205.x')
  await call(server.url, 'DELETE', `/plain-a/doc%205.x?rev=${String(body['_rev'])}`)
  await bulk('plain-a', [{ _id: 'last' }])
  await retried(async () => {
    assert.deepEqual(await ids('plain-b'), await ids('plain-a'))
    assert.equal((await ids('plain-b')).length, 300)
  })
  t.is((await jobOf('plain-in')).state, 'running')
})

test('a job that is not continuous ends where the stream ended, and goes on there the next time', async t => {
  const { stream, source, at } = await setUp(t, 'finite')
  await bulk('finite-a', [{ _id: 'one' }])
  const run = (json: object) => call<Document>(server.url, 'POST', '/_replicate', { json })
  const written = await run({ source: at('finite-a'), target: stream })
  t.like(written, { status: 200, body: { ok: true } })
  t.like(await run({ source, target: at('finite-b') }), { status: 200, body: { ok: true, docs_read: 1 } })
  t.like(await run({ source, target: at('finite-b') }), { status: 200, body: { ok: true, docs_read: 0 } })
  await bulk('finite-a', [{ _id: 'two' }])
  await run({ source: at('finite-a'), target: stream })
  t.like(await run({ source, target: at('finite-b') }), { status: 200, body: { ok: true, docs_read: 1 } })
  t.deepEqual(await ids('finite-b'), await ids('finite-a'))
})

test('a mask hides values on their way out, in each format; another mask sends everything again', async t => {
  const { stream, at } = await setUp(t, 'masked')
  await bulk('masked-a', [
    { _id: 'one', type: 'customer', mail: 'anne@example.org', card: '4000123412345678' },
  ])
  process.env['COUCHETTE_MASK_TEST'] = 'key'
  t.teardown(() => delete process.env['COUCHETTE_MASK_TEST'])
  const mask = [
    { selector: { type: 'customer' }, field: 'mail', hash: 'test' },
    { field: 'card', keep_last: 4 },
  ]
  const run = (json: object) => call<Document>(server.url, 'POST', '/_replicate', { json })
  for (const format of ['document', 'debezium', 'cloudevents'])
    t.like(await run({ source: at('masked-a'), target: { ...stream, format }, mask }), { status: 200 })
  const again = [...mask, { field: 'type', remove: true }]
  t.like(await run({ source: at('masked-a'), target: stream, mask: again }), { status: 200 })
  const texts = await nats.use(async ({ manager }) => {
    const { state } = await manager.streams.info('masked')
    const numbers = Array.from({ length: state.messages }, (_, index) => index + state.first_seq)
    const messages = await Promise.all(numbers.map(seq => manager.streams.getMessage('masked', { seq })))
    return messages.map(message => message?.string() ?? '')
  })
  t.is(texts.length, 4)
  for (const text of texts) {
    t.regex(text, /"card":"\*\*\*5678"/)
    t.regex(text, /"mail":"[0-9a-f]{64}"/)
    t.notRegex(text, /anne|40001234/)
  }
  t.deepEqual(
    texts.map(text => text.includes('customer')),
    [true, true, true, false],
  )
  const bad = await run({
    source: at('masked-a'),
    target: stream,
    mask: [{ field: 'mail', hash: 'unknown' }],
  })
  t.regex(String(bad.body['reason']), /no COUCHETTE_MASK_UNKNOWN/)
  // The state of a job tells of how many documents each rule has hidden something.
  await putJob('masked', {
    source: at('masked-a'),
    target: stream,
    mask: [...again, ...mask],
    continuous: true,
  })
  await retried(async () => assert.deepEqual((await jobOf('masked')).info?.['masked'], [1, 1, 1, 1, 1]))
  const unsupported = await run({ source: at('masked-a'), target: at('masked-b'), mask })
  t.like(unsupported, { status: 400 })
})

test('rows of Debezium become documents; what is no event is listed, and the job goes on, or stops', async t => {
  const { source, at } = await setUp(t, 'rows')
  const event = (lsn: number, op: string, after: object | null, before: object | null = null) =>
    JSON.stringify({
      op,
      before,
      after,
      source: { connector: 'postgresql', name: 'pg', db: 'd', schema: 's', table: 't', lsn },
    })
  await nats.use(async ({ client }) => {
    await client.publish('rows.t', event(1, 'c', { id: 1, n: 1 }))
    await client.publish('rows.t', '{"op":')
    await client.publish('rows.t', event(2, 'u', { id: 1, n: 2 }))
    await client.publish('rows.t', '')
    await client.publish('rows.t', event(3, 'c', { id: 2 }))
    await client.publish('rows.t', event(4, 'd', null, { id: 2 }))
  })
  const rows = { ...source, format: 'debezium', id: 'row:{id}' }
  await putJob('rows-in', { source: rows, target: at('rows-a'), continuous: true })
  await retried(async () => {
    const { body } = await call<{ rows: Document[] }>(server.url, 'GET', '/rows-a/_ingest/failures')
    assertLike(body.rows[0], { error: 'invalid_json', topic: 'rows.t', offset: '2', text: '{"op":' })
    const info = await call<Document>(server.url, 'GET', '/rows-a')
    assertLike(info.body, { doc_count: 1, doc_del_count: 1 })
  })
  t.like((await call(server.url, 'GET', '/rows-a/row:1')).body, { n: 2 })
  await putJob('rows-stop', { source: { ...rows, on_error: 'stop' }, target: at('rows-b'), continuous: true })
  await retried(async () => {
    const { state, info } = await jobOf('rows-stop')
    assert.equal(state, 'crashing')
    assert.match(String(info?.error), /invalid_json: .*on_error says to stop/)
  })
  t.like((await call(server.url, 'GET', '/rows-b/row:1')).body, { n: 1 })
})

test('a server that is killed: jobs crash with a sentence, and go on without a loss when it is back', async t => {
  const own = await NatsServer.start()
  t.teardown(() => own.close())
  const { stream, source, at } = await setUp(t, 'killed', own)
  await putJob('killed-out', { source: at('killed-a'), target: stream, continuous: true })
  await putJob('killed-in', { source, target: at('killed-b'), continuous: true })
  await bulk('killed-a', [{ _id: 'before' }])
  await retried(async () => assert.deepEqual(await ids('killed-b'), await ids('killed-a')))
  await own.kill()
  await bulk('killed-a', [{ _id: 'meanwhile' }])
  await retried(async () => {
    for (const job of ['killed-out', 'killed-in']) {
      const { state, info } = await jobOf(job)
      assert.equal(state, 'crashing')
      assert.match(String(info?.error), /nats/)
    }
  })
  await own.up()
  await retried(async () => {
    assert.deepEqual(await ids('killed-b'), await ids('killed-a'))
    assert.equal((await ids('killed-b')).length, 2)
  })
})

test('messages that the stream has no more stop a job, or are noted', async t => {
  const { stream, source, at } = await setUp(t, 'gap')
  const run = (json: object) => call<Document>(server.url, 'POST', '/_replicate', { json })
  await bulk('gap-a', [{ _id: 'one' }])
  await run({ source: at('gap-a'), target: stream })
  await run({ source, target: at('gap-b') })
  await bulk('gap-a', [{ _id: 'two' }, { _id: 'three' }])
  await run({ source: at('gap-a'), target: stream })
  await nats.use(({ manager }) => manager.streams.purge('gap', { seq: 3 }))
  const stopped = await run({ source, target: at('gap-b') })
  t.is(stopped.status, 500)
  t.regex(JSON.stringify(stopped.body), /messages 2 to 2 are gone/)
  t.like(await run({ source: { ...source, on_gap: 'continue' }, target: at('gap-b') }), { status: 200 })
  const { body } = await call<{ rows: Document[] }>(server.url, 'GET', '/gap-b/_ingest/failures')
  t.like(body.rows[0], { error: 'stream_gap' })
  t.is((await ids('gap-b')).length, 2)
})

test('streams that are not there, and jobs that make no sense, are refused with a sentence', async t => {
  const { stream, source, at } = await setUp(t, 'wrong')
  await putJob('no-stream', {
    source: at('wrong-a'),
    target: { ...stream, stream: 'nowhere' },
    continuous: true,
  })
  await retried(async () =>
    assert.match(String((await jobOf('no-stream')).info?.error), /has no stream nowhere/),
  )
  await putJob('away', {
    source: at('wrong-a'),
    target: { ...stream, url: 'nats://127.0.0.1:9' },
    continuous: true,
  })
  await retried(async () => assert.match(String((await jobOf('away')).info?.error), /127\.0\.0\.1:9/))
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ source, target: stream }, /must be a database/],
    [{ source: { ...source, format: 'debezium' }, target: at('wrong-b') }, /needs an `id`/],
    [{ source: { url: source.url, subject: 'x' }, target: at('wrong-b') }, /needs a `stream`/],
    [
      { source: { ...source, format: 'avro' }, target: at('wrong-b') },
      /one of document, debezium, cloudevents/,
    ],
    [{ source, target: at('wrong-b'), selector: { a: 1 } }, /filters are for databases/],
  ]
  for (const [json, reason] of refused)
    t.regex(JSON.stringify((await call(server.url, 'POST', '/_replicate', { json })).body), reason)
})

test('an echo of what was sent makes no revision, and the source goes on from there', async t => {
  const { stream, source, at } = await setUp(t, 'echo')
  const name = 'postgresql:pg:d.s.t'
  await putJob('echo-out', {
    source: at('echo-a'),
    target: { ...stream, subject: 'echo.out', format: 'debezium', id: 'row:{id}', schema: true, echo: name },
    continuous: true,
  })
  await call(server.url, 'PUT', '/echo-a/row:1', { json: { id: 1, price: '12.50' } })
  const sent = await retried(async () => {
    const message = await nats.use(({ manager }) =>
      manager.streams.getMessage('echo', { last_by_subj: 'echo.out' }),
    )
    return message!.json<{ payload: Document }>()
  })
  t.like(sent.payload, { op: 'c', after: { id: 1, price: '12.50' } })
  const event = (lsn: number, after: object) =>
    JSON.stringify({
      op: 'u',
      before: null,
      after,
      source: { connector: 'postgresql', name: 'pg', db: 'd', schema: 's', table: 't', lsn },
    })
  await nats.use(async ({ client }) => {
    await client.publish('echo.in', event(1, { id: 1, price: '12.5' }))
    await client.publish('echo.in', event(2, { id: 1, price: '13' }))
  })
  await putJob('echo-in', {
    source: { ...source, subject: 'echo.in', format: 'debezium', id: 'row:{id}' },
    target: at('echo-a'),
    continuous: true,
  })
  await retried(async () => {
    const { body } = await call<Document>(server.url, 'GET', '/echo-a/row:1?conflicts=true')
    assertLike(body, { price: '13', _conflicts: undefined })
    assert.match(String(body['_rev']), /^2-/)
  })
})
