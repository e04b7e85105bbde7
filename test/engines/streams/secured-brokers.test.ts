import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { credsAuthenticator } from '@nats-io/nats-core'
import test from 'ava'
import { projectFile } from '../../../harness/project.ts'
import { call } from '../../helpers/http.ts'
import { JobServer } from './job-server.ts'
import { KafkaServer } from './kafka-server.ts'
import { natsAccounts } from './nats-accounts.ts'
import { type NatsSecurity, NatsServer } from './nats-server.ts'
import { retried } from './retried.ts'

/* Brokers that want TLS and credentials; the server trusts the authority of fixtures/tls, and a second one does not. */
const tls = (file: string) => projectFile(`fixtures/tls/${file}`)
const ca = readFileSync(tls('ca.pem'), 'utf8')
const TLS = `tls { cert_file: "${tls('server.pem')}", key_file: "${tls('server.key')}" }`
const TRUST = { section: 'replicator', key: 'ssl_trusted_certificates_file', value: tls('ca.pem') }
const VERIFY = { section: 'replicator', key: 'verify_ssl_certificates', value: 'true' }

const [trusting, doubting] = [new JobServer(), new JobServer()]
test.before(async () => {
  await trusting.start([TRUST, VERIFY])
  await doubting.start([VERIFY])
})
test.after.always(async () => {
  await trusting.close()
  await doubting.close()
})

const run = (server: JobServer, json: object) =>
  call<{ error?: string; reason?: string; docs_read?: number }>(server.url, 'POST', '/_replicate', { json })

async function nats(security: NatsSecurity): Promise<NatsServer> {
  const server = await NatsServer.start(security)
  await server.use(({ manager }) => manager.streams.add({ name: 'S', subjects: ['s.>'] }))
  return server
}

test.serial('NATS with TLS, a user and a password: both ways, and what is refused', async t => {
  const authorization = 'authorization { user: "couchette", password: "p@ss" }'
  const client = { user: 'couchette', pass: 'p@ss', tls: { ca } }
  const broker = await nats({ configuration: `${TLS}\n${authorization}`, client })
  t.teardown(() => broker.close())
  const at = await trusting.makePair(t, 'tls')
  await trusting.bulk('tls-a', [{ _id: 'one' }, { _id: 'two' }])
  const stream = (credentials: string) => ({
    url: `tls://${credentials}${broker.address}`,
    stream: 'S',
    subject: 's.{id}',
  })
  const good = stream('couchette:p%40ss@')
  t.like(await run(trusting, { source: at('tls-a'), target: good }), { status: 200 })
  t.like(await run(trusting, { source: { ...good, subject: 's.>' }, target: at('tls-b') }), { status: 200 })
  t.deepEqual(await trusting.ids('tls-b'), await trusting.ids('tls-a'))
  // By the name of credentials that the server keeps.
  const kept = { url: `nats://${broker.address}`, username: 'couchette', password: 'p@ss' }
  t.is((await call(trusting.url, 'PUT', '/_credentials/broker', { json: kept })).status, 201)
  const named = { ...stream(''), subject: 's.>', credentials: 'broker', consumer: 'named' }
  t.like(await run(trusting, { source: named, target: at('tls-b') }), { body: { docs_read: 2 } })
  const refused = await run(trusting, { source: at('tls-a'), target: stream('couchette:wrong@') })
  t.regex(String(refused.body.reason), /refuses the credentials/)
  t.false(JSON.stringify(refused.body).includes('wrong'))
  await doubting.makePair(t, 'tls')
  const doubted = await run(doubting, { source: `${doubting.url}/tls-a`, target: good })
  t.regex(String(doubted.body.reason), /certificate/)
})

test.serial('NATS with a credentials file, in the environment of the server', async t => {
  const { configuration, credentials, foreign } = natsAccounts()
  const authenticator = credsAuthenticator(Buffer.from(credentials))
  const broker = await nats({ configuration, client: { authenticator } })
  t.teardown(() => broker.close())
  process.env['COUCHETTE_STREAM_TEST_CREDS'] = credentials
  process.env['COUCHETTE_STREAM_TEST_FOREIGN'] = foreign
  t.teardown(() => {
    delete process.env['COUCHETTE_STREAM_TEST_CREDS']
    delete process.env['COUCHETTE_STREAM_TEST_FOREIGN']
  })
  const at = await trusting.makePair(t, 'creds')
  await trusting.bulk('creds-a', [{ _id: 'one' }])
  const stream = (name?: string) => ({
    url: `nats://${broker.address}`,
    stream: 'S',
    subject: 's.{id}',
    ...(name === undefined ? {} : { credentials: name }),
  })
  const good = stream('test-creds')
  t.like(await run(trusting, { source: at('creds-a'), target: good }), { status: 200 })
  t.like(await run(trusting, { source: { ...good, subject: 's.>' }, target: at('creds-b') }), { status: 200 })
  t.deepEqual(await trusting.ids('creds-b'), await trusting.ids('creds-a'))
  for (const bad of [stream('test-foreign'), stream()])
    t.regex(
      String((await run(trusting, { source: at('creds-a'), target: bad })).body.reason),
      /refuses the cred/,
    )
  t.regex(
    String((await run(trusting, { source: at('creds-a'), target: stream('nowhere') })).body.reason),
    /there are no credentials `nowhere`/,
  )
})

test.serial('Kafka with TLS and each kind of SASL: both ways, and what is refused', async t => {
  const user = { name: 'couchette', password: 'p@ss' }
  const broker = await KafkaServer.start({ ca, certificate: tls('server.pem'), key: tls('server.key'), user })
  t.teardown(() => broker.close())
  const at = await trusting.makePair(t, 'sasl')
  await trusting.bulk('sasl-a', [{ _id: 'one' }, { _id: 'two' }])
  const stream = (topic: string, sasl: string, password = 'p%40ss') => ({
    url: `kafkas://couchette:${password}@${broker.address}`,
    topic,
    sasl,
  })
  for (const sasl of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    const topic = sasl.toLowerCase()
    await retried(() =>
      broker.use(admin => admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })),
    )
    const good = stream(topic, sasl)
    t.like(await run(trusting, { source: at('sasl-a'), target: good }), { status: 200 }, sasl)
    // A broker makes its topic of groups when the first one comes, and refuses that one.
    await retried(async () => {
      const { body } = await run(trusting, { source: good, target: at('sasl-b') })
      assert.equal(body.docs_read, 2, JSON.stringify(body))
    })
    // By the name of credentials that the server keeps.
    const kept = { url: `kafka://${broker.address}`, username: user.name, password: user.password }
    await call(trusting.url, 'PUT', `/_credentials/${topic}`, { json: kept })
    const named = { url: `kafkas://${broker.address}`, topic, sasl, credentials: topic, consumer: 'named' }
    t.like(await run(trusting, { source: named, target: at('sasl-b') }), { body: { docs_read: 2 } }, sasl)
    const refused = await run(trusting, { source: at('sasl-a'), target: stream(topic, sasl, 'wrong') })
    t.regex(String(refused.body.reason), /refuses the credentials/, sasl)
  }
  t.deepEqual(await trusting.ids('sasl-b'), await trusting.ids('sasl-a'))
  await doubting.makePair(t, 'sasl')
  const target = stream('plain', 'PLAIN')
  const doubted = await run(doubting, { source: `${doubting.url}/sasl-a`, target })
  t.regex(String(doubted.body.reason), /certificate|nothing that speaks Kafka/)
})
