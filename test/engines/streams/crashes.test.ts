import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { call } from '../../helpers/http.ts'
import type { Broker } from './broker.ts'
import { DebeziumEngine, KafkaConnect, postgresSource } from './debezium.ts'
import { KafkaServer } from './kafka-server.ts'
import { NatsServer } from './nats-server.ts'
import { Node } from './node.ts'
import { PostgresServer } from './postgres-server.ts'
import { retried } from './retried.ts'

/*
 * PostgreSQL ─┬─ Debezium ─ JetStream ─┬─ Couchette
 *             └─ Connect ── Kafka ─────┘
 * Each of the six is killed in turn while rows change. The long form: STREAM_ROWS=100000 STREAM_ROUNDS=5.
 */
const ROWS = Number(process.env['STREAM_ROWS'] ?? 1000)
const ROUNDS = Number(process.env['STREAM_ROUNDS'] ?? 1)
const PAUSE_MS = 700
const WAYS = ['nats', 'kafka'] as const

interface Parts {
  readonly postgres: PostgresServer
  readonly nats: NatsServer
  readonly kafka: KafkaServer
  readonly node: Node
  readonly engine: DebeziumEngine
  readonly connect: KafkaConnect
}

const started: { close(): Promise<void> }[] = []
test.after.always(async () => {
  for (const part of started.reverse()) await part.close()
})

async function start<T extends { close(): Promise<void> }>(part: Promise<T>): Promise<T> {
  const running = await part
  started.push(running)
  return running
}

async function startAll(): Promise<Parts> {
  const postgres = await start(PostgresServer.start())
  await postgres.sql(`CREATE TABLE items(id int PRIMARY KEY, v int NOT NULL, note text);
    INSERT INTO items SELECT n, 1, 'item ' || n FROM generate_series(1, ${ROWS}) n`)
  const nats = await start(NatsServer.start())
  await nats.use(({ manager }) => manager.streams.add({ name: 'items', subjects: ['items.>'] }))
  const kafka = await start(KafkaServer.start())
  const topics = ['pg.public.items']
  await kafka.use(admin => admin.createTopics({ topics, partitions: 3, replicas: 1 }))
  const node = await start(Node.start())
  await startJobs(node, nats, kafka)
  const source = (name: string) =>
    postgresSource(postgres, {
      'slot.name': name,
      'publication.name': name,
      'table.include.list': 'public.items',
    })
  const sink = { 'sink.nats': `nats://${nats.address}`, 'sink.subject': 'items' }
  const engine = await start(DebeziumEngine.start({ ...source('nats'), ...sink }))
  const connect = await start(KafkaConnect.start(kafka.address, { pg: source('kafka') }))
  return { postgres, nats, kafka, node, engine, connect }
}

async function startJobs(node: Node, nats: NatsServer, kafka: KafkaServer): Promise<void> {
  for (const name of [...WAYS, '_replicator']) await call(node.url, 'PUT', `/${name}`)
  const rows = { format: 'debezium', id: 'item:{id}' }
  const sources = {
    nats: { url: `nats://${nats.address}`, stream: 'items', subject: 'items.>', ...rows },
    kafka: { url: `kafka://${kafka.address}`, topic: 'pg.public.items', ...rows },
  }
  for (const name of WAYS)
    await call(node.url, 'PUT', `/_replicator/${name}`, {
      json: { source: sources[name], target: `${node.url}/${name}`, continuous: true },
    })
}

/** The rows as documents have to be: "item:ID GENERATION NOTE". Each version of a row is one revision. */
async function expected(postgres: PostgresServer): Promise<string[]> {
  const rows = await postgres.sql('SELECT id, v, note FROM items')
  return rows.map(({ id, v, note }) => `item:${id} ${v} ${note}`).sort()
}

interface Row {
  readonly id: string
  readonly doc: { readonly _rev: string; readonly note: string; readonly _conflicts?: readonly string[] }
}

async function found(node: Node, database: string): Promise<string[]> {
  const path = `/${database}/_all_docs?include_docs=true&conflicts=true`
  const { body } = await call<{ rows: readonly Row[] }>(node.url, 'GET', path)
  return body.rows
    .map(({ id, doc }) => [id, doc._rev.split('-')[0], doc.note, ...(doc._conflicts ?? [])].join(' '))
    .sort()
}

/** The long form has more to wait for. */
const WITHIN_MS = 150_000 + 10 * ROWS

async function count(node: Node, database: string): Promise<number> {
  return (await call<{ doc_count: number }>(node.url, 'GET', `/${database}`)).body.doc_count
}

async function assertEqual(parts: Parts): Promise<void> {
  try {
    await compare(parts)
  } catch (error) {
    const { node, engine, connect } = parts
    const jobs = await call(node.url, 'GET', '/_scheduler/docs')
    const said = [JSON.stringify(jobs.body), await engine.output(), await connect.output()]
    throw new Error(`not equal; jobs, Debezium and Connect say: ${said.join('\n')}`, { cause: error })
  }
}

async function compare({ node, postgres }: Parts): Promise<void> {
  const rows = await expected(postgres)
  for (const way of WAYS) {
    await retried(async () => assert.equal(await count(node, way), rows.length, way), WITHIN_MS)
    await retried(async () => {
      const documents = await found(node, way)
      assert.equal(documents.length, rows.length, way)
      const different = rows.filter((row, index) => row !== documents[index]).slice(0, 5)
      assert.deepEqual(different, [], way)
    }, WITHIN_MS)
  }
}

/** Changes rows at random in transactions until it is told to stop; keys are never used again. */
class Writer {
  #stopped = false
  #next = ROWS + 1
  transactions = 0
  readonly #postgres: PostgresServer
  readonly #done: Promise<void>

  constructor(postgres: PostgresServer) {
    this.#postgres = postgres
    this.#done = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const statements = Array.from({ length: 1 + Math.floor(Math.random() * 5) }, () => this.#statement())
      const end = Math.random() < 0.1 ? 'ROLLBACK' : 'COMMIT'
      try {
        await this.#postgres.sql(`BEGIN; ${statements.join('; ')}; ${end}`)
        this.transactions++
      } catch {
        await sleep(100)
      }
    }
  }

  #statement(): string {
    const some = `id IN (SELECT id FROM items ORDER BY random() LIMIT 3)`
    const key = this.#next++
    const kind = Math.random()
    if (kind < 0.3) return `INSERT INTO items VALUES (${key}, 1, 'new ${key}')`
    if (kind < 0.8) return `UPDATE items SET v = v + 1, note = 'v' || (v + 1) WHERE ${some}`
    if (kind < 0.9) return `DELETE FROM items WHERE ${some}`
    return `UPDATE items SET id = ${key}, v = 1 WHERE id = (SELECT max(id) FROM items)`
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }
}

test('each part is killed in turn while rows change: equal in the end, no version twice, none lost', async t => {
  t.timeout(600_000 * ROUNDS)
  const parts = await startAll()
  const began = performance.now()
  await assertEqual(parts)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  t.log(`${ROWS} rows of the snapshot are here by both ways after ${seconds} s`)
  const { postgres, nats, kafka, node, engine, connect } = parts
  const writer = new Writer(postgres)
  const inTurn: readonly (Broker | Node)[] = [nats, node, engine, postgres, kafka, connect, node]
  for (let round = 0; round < ROUNDS; round++)
    for (const part of inTurn) {
      await sleep(PAUSE_MS)
      await part.kill()
      await sleep(PAUSE_MS)
      await (part as Node | NatsServer).up()
    }
  await sleep(PAUSE_MS)
  await writer.stop()
  await assertEqual(parts)
  t.log(`${writer.transactions} transactions, ${ROUNDS * inTurn.length} kills`)
  for (const way of WAYS) {
    const { body } = await call<{ rows: readonly unknown[] }>(node.url, 'GET', `/${way}/_ingest/failures`)
    t.deepEqual(body.rows, [])
  }
})
