import assert from 'node:assert/strict'
import { Producer } from '@platformatic/kafka'
import test, { type ExecutionContext } from 'ava'
import { call } from '../../helpers/http.ts'
import { JobServer } from './job-server.ts'
import { KafkaServer } from './kafka-server.ts'
import { retried } from './retried.ts'

let kafka: KafkaServer
const server = new JobServer()
const { putJob, jobOf, ids, bulk } = server

test.before(async () => {
  kafka = await KafkaServer.start()
  await server.start()
})
test.after.always(async () => {
  await server.close()
  await kafka?.close()
})

type Document = Record<string, unknown>

async function setUp(t: ExecutionContext, name: string) {
  await kafka.use(admin => admin.createTopics({ topics: [name], partitions: 3, replicas: 1 }))
  const at = await server.makePair(t, name)
  return { stream: { url: `kafka://${kafka.address}`, topic: name }, at }
}

const run = (json: object) => call<Document>(server.url, 'POST', '/_replicate', { json })

test.serial('documents go through a topic into another database as they are, and deletions too', async t => {
  const { stream, at } = await setUp(t, 'plain')
  await bulk(
    'plain-a',
    Array.from({ length: 300 }, (_, n) => ({ _id: `doc${n}`, n })),
  )
  await putJob('plain-out', { source: at('plain-a'), target: stream, continuous: true })
  await putJob('plain-in', { source: stream, target: at('plain-b'), continuous: true })
  await retried(async () => assert.deepEqual(await ids('plain-b'), await ids('plain-a')))
  const { body } = await call<Document>(server.url, 'GET', '/plain-a/doc5')
  await call(server.url, 'DELETE', `/plain-a/doc5?rev=${String(body['_rev'])}`)
  await retried(async () => {
    assert.deepEqual(await ids('plain-b'), await ids('plain-a'))
    assert.equal((await ids('plain-b')).length, 299)
  })
})

test.serial(
  'a job that is not continuous ends where the topic ended, and goes on there the next time',
  async t => {
    const { stream, at } = await setUp(t, 'finite')
    await bulk('finite-a', [{ _id: 'one' }, { _id: 'two' }, { _id: 'three' }])
    const debezium = { ...stream, format: 'debezium', id: '{_id}' }
    t.like(await run({ source: at('finite-a'), target: { ...stream, format: 'debezium' } }), { status: 200 })
    t.like(await run({ source: debezium, target: at('finite-b') }), { status: 200, body: { docs_read: 3 } })
    t.like(await run({ source: debezium, target: at('finite-b') }), { status: 200, body: { docs_read: 0 } })
    const { body } = await call<Document>(server.url, 'GET', '/finite-a/one')
    await call(server.url, 'DELETE', `/finite-a/one?rev=${String(body['_rev'])}`)
    await run({ source: at('finite-a'), target: { ...stream, format: 'debezium' } })
    // The deletion, and the tombstone behind it.
    t.like(await run({ source: debezium, target: at('finite-b') }), { status: 200, body: { docs_read: 2 } })
    t.is((await ids('finite-b')).length, 2)
  },
)

test.serial('rows of Debezium with keys; a bad one is listed with its partition and offset', async t => {
  const { stream, at } = await setUp(t, 'rows')
  const producer = new Producer({ clientId: 'test', bootstrapBrokers: [kafka.address] })
  const source = { connector: 'mysql', name: 'm', db: 'd', table: 't' }
  const send = (id: number, value: string | undefined) =>
    producer.send({
      messages: [
        {
          topic: 'rows',
          partition: 0,
          key: Buffer.from(JSON.stringify({ id })),
          ...(value === undefined ? {} : { value: Buffer.from(value) }),
        },
      ],
    })
  await send(1, JSON.stringify({ op: 'c', before: null, after: { n: 1 }, source }))
  await send(2, 'no JSON')
  await send(1, JSON.stringify({ op: 'u', before: null, after: { n: 2 }, source }))
  await send(3, JSON.stringify({ op: 'c', before: null, after: { n: 3 }, source }))
  await send(3, JSON.stringify({ op: 'd', before: { n: 3 }, after: null, source }))
  await send(3, undefined)
  await producer.close()
  const rows = { ...stream, format: 'debezium', id: 'row:{id}' }
  t.like(await run({ source: rows, target: at('rows-a') }), { status: 200, body: { docs_read: 6 } })
  t.like((await call(server.url, 'GET', '/rows-a/row:1')).body, { n: 2 })
  t.is((await call(server.url, 'GET', '/rows-a/row:3')).status, 404)
  const { body } = await call<{ rows: Document[] }>(server.url, 'GET', '/rows-a/_ingest/failures')
  t.like(body.rows[0], { error: 'invalid_json', topic: 'rows', offset: '0:1', text: 'no JSON' })
})

test.serial('a topic that is made again stops a job, or is noted', async t => {
  const { stream, at } = await setUp(t, 'again')
  await bulk('again-a', [{ _id: 'one' }])
  await run({ source: at('again-a'), target: stream })
  await run({ source: stream, target: at('again-b') })
  await kafka.use(admin => admin.deleteTopics({ topics: ['again'] }))
  await putJob('again-gone', { source: stream, target: at('again-b'), continuous: true })
  await retried(async () =>
    assert.match(String((await jobOf('again-gone')).info?.error), /has no topic again/),
  )
  await call(server.url, 'DELETE', '/_replicator')
  await retried(() =>
    kafka.use(admin => admin.createTopics({ topics: ['again'], partitions: 1, replicas: 1 })),
  )
  t.regex(JSON.stringify((await run({ source: stream, target: at('again-b') })).body), /was made again/)
  t.like(await run({ source: { ...stream, on_gap: 'continue' }, target: at('again-b') }), { status: 200 })
})

test.serial(
  'partitions that a topic gets while a job reads it are read too, each from its beginning',
  async t => {
    const { stream, at } = await setUp(t, 'grown')
    const producer = new Producer({ clientId: 'test', bootstrapBrokers: [kafka.address] })
    const send = (partition: number, _id: string) =>
      producer.send({
        messages: [{ topic: 'grown', partition, value: Buffer.from(JSON.stringify({ _id })) }],
      })
    await putJob('grown-in', { source: stream, target: at('grown-b'), continuous: true })
    await send(0, 'first')
    await retried(async () => assert.equal((await ids('grown-b')).length, 1))
    const { info } = await jobOf('grown-in')
    await kafka.use(admin =>
      admin.createPartitions({
        topics: [{ name: 'grown', count: 5, assignments: [{ brokerIds: [1] }, { brokerIds: [1] }] }],
      }),
    )
    await producer.metadata({ topics: ['grown'], forceUpdate: true })
    await retried(() => send(4, 'in a new one'))
    await send(1, 'in an old one')
    await retried(async () => assert.equal((await ids('grown-b')).length, 3))
    t.deepEqual(info?.error, (await jobOf('grown-in')).info?.error)
    t.is((await jobOf('grown-in')).state, 'running')
    await producer.close()
  },
)

test.serial(
  'a broker that is killed: jobs crash with a sentence, and go on without a loss when it is back',
  async t => {
    const { stream, at } = await setUp(t, 'killed')
    await putJob('killed-out', { source: at('killed-a'), target: stream, continuous: true })
    await putJob('killed-in', { source: stream, target: at('killed-b'), continuous: true })
    await bulk('killed-a', [{ _id: 'before' }])
    await retried(async () => assert.deepEqual(await ids('killed-b'), await ids('killed-a')))
    await kafka.kill()
    await bulk('killed-a', [{ _id: 'meanwhile' }])
    await retried(async () => {
      for (const job of ['killed-out', 'killed-in']) {
        const { state, info } = await jobOf(job)
        assert.equal(state, 'crashing')
        assert.match(String(info?.error), /kafka/)
      }
    })
    await kafka.up()
    await retried(async () => {
      assert.deepEqual(await ids('killed-b'), await ids('killed-a'))
      assert.equal((await ids('killed-b')).length, 2)
    })
  },
)
