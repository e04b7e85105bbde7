import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { call } from '../../helpers/http.ts'
import { jdbcSink, KafkaConnect, mariaDbSource, postgresSource } from './debezium.ts'
import { JobServer } from './job-server.ts'
import { KafkaServer } from './kafka-server.ts'
import { MariaDbServer } from './mariadb-server.ts'
import { PostgresServer } from './postgres-server.ts'
import { retried } from './retried.ts'

/*
 * PostgreSQL ─ Debezium ─▶ Kafka ─▶             ◀─ Kafka ◀─ Debezium ─ MariaDB
 *                                   Couchette
 * PostgreSQL ◀─ JDBC sink ◀─ Kafka ◀─           ─▶ Kafka ─▶ JDBC sink ─▶ MariaDB
 */
const EDITS = 60
const QUIET_MS = 5000
/** The connectors of four directions start in one process first. */
const SETTLED_WITHIN_MS = 400_000
const TIMEOUT_MS = 900_000

let postgres: PostgresServer
let mariaDb: MariaDbServer
let kafka: KafkaServer
let connect: KafkaConnect
const server = new JobServer()

const TABLE =
  'CREATE TABLE customers(id bigint PRIMARY KEY, name varchar(100), n bigint, price numeric(10, 2))'

test.before(async () => {
  postgres = await PostgresServer.start()
  mariaDb = await MariaDbServer.start()
  kafka = await KafkaServer.start()
  await server.start()
  await postgres.sql(TABLE)
  await mariaDb.sql(TABLE)
  const topics = ['pg.public.customers', 'my.shop.customers', 'to-pg', 'to-my', 'my']
  await kafka.use(admin => admin.createTopics({ topics, partitions: 1, replicas: 1 }))
  await call(server.url, 'PUT', '/customers')
  await startJobs()
  const sink = { 'collection.name.format': 'customers', 'primary.key.fields': 'id' }
  const { address } = postgres
  connect = await KafkaConnect.start(kafka.address, {
    pg: postgresSource(postgres, { 'slot.name': 'two_way', 'table.include.list': 'public.customers' }),
    my: mariaDbSource(mariaDb, {}),
    'to-pg': jdbcSink(
      {
        // Decimals and times are text in events: PostgreSQL makes of it what the column needs.
        'connection.url': `jdbc:postgresql://${address}/postgres?stringtype=unspecified`,
        'connection.username': 'postgres',
        'connection.password': 'none',
      },
      { ...sink, topics: 'to-pg' },
    ),
    'to-my': jdbcSink(
      {
        'connection.url': `jdbc:mariadb://${mariaDb.address}/shop`,
        'connection.username': mariaDb.user,
        'connection.password': mariaDb.password,
      },
      { ...sink, topics: 'to-my' },
    ),
  })
})

test.after.always(async () => {
  for (const part of [connect, server, kafka, mariaDb, postgres]) await part?.close()
})

async function startJobs(): Promise<void> {
  const database = `${server.url}/customers`
  const rows = { url: `kafka://${kafka.address}`, format: 'debezium', id: 'customer:{id}' }
  const ways = { pg: 'postgresql:pg:postgres.public.customers', my: 'mariadb:my:shop.customers' }
  const topics = { pg: 'pg.public.customers', my: 'my.shop.customers' }
  for (const name of ['pg', 'my'] as const) {
    const source = { ...rows, topic: topics[name] }
    await server.putJob(`from-${name}`, { source, target: database, continuous: true })
    const target = { ...rows, topic: `to-${name}`, schema: true, echo: ways[name] }
    await server.putJob(`to-${name}`, { source: database, target, continuous: true })
  }
}

type Rows = readonly string[]

async function inPostgres(): Promise<Rows> {
  const rows = await postgres.sql('SELECT id, name, n, price FROM customers')
  return rows.map(row => Object.values(row).join('|')).sort()
}

async function inMariaDb(): Promise<Rows> {
  return (await mariaDb.sql('SELECT id, name, n, price FROM customers')).map(row => row.join('|')).sort()
}

interface Listed {
  readonly rows: readonly { readonly id: string; readonly doc: Readonly<Record<string, unknown>> }[]
}

async function inCouchette(): Promise<Rows> {
  const { body } = await call<Listed>(server.url, 'GET', '/customers/_all_docs?include_docs=true')
  return body.rows.map(({ doc }) => [doc['id'], doc['name'], doc['n'], doc['price']].join('|')).sort()
}

async function updateSequence(): Promise<string> {
  const { body } = await call<{ update_seq: string }>(server.url, 'GET', '/customers')
  return body.update_seq
}

/** Waits until all three have the same rows, and the database has not moved for a while. */
async function settled(): Promise<Rows> {
  return retried(async () => {
    const before = await updateSequence()
    const [own, pg, my] = [await inCouchette(), await inPostgres(), await inMariaDb()]
    assert.deepEqual(pg, own, 'PostgreSQL')
    assert.deepEqual(my, own, 'MariaDB')
    await sleep(QUIET_MS)
    assert.equal(await updateSequence(), before)
    return own
  }, SETTLED_WITHIN_MS)
}

async function editHere(id: number, members: object | null): Promise<void> {
  const path = `/customers/customer:${id}`
  const { body } = await call<{ _rev?: string }>(server.url, 'GET', path)
  const rev = body._rev === undefined ? '' : `?rev=${body._rev}`
  if (members === null) await call(server.url, 'DELETE', path + rev)
  else await call(server.url, 'PUT', path + rev, { json: { id, ...members } })
}

test.serial('a row that is written anywhere is in all three, and changes and deletions follow', async t => {
  t.timeout(TIMEOUT_MS)
  await postgres.sql("INSERT INTO customers VALUES (1, 'from PostgreSQL', 1, 1.50)")
  await mariaDb.sql("INSERT INTO customers VALUES (2, 'from MariaDB', 2, 2.50)")
  await editHere(3, { name: 'from here', n: 3, price: '3.50' })
  t.deepEqual(await settled(), ['1|from PostgreSQL|1|1.50', '2|from MariaDB|2|2.50', '3|from here|3|3.50'])
  await postgres.sql('UPDATE customers SET n = 20 WHERE id = 2')
  await mariaDb.sql('UPDATE customers SET n = 30 WHERE id = 3')
  await editHere(1, null)
  t.deepEqual(await settled(), ['2|from MariaDB|20|2.50', '3|from here|30|3.50'])
  await postgres.sql('DELETE FROM customers WHERE id = 3')
  t.deepEqual(await settled(), ['2|from MariaDB|20|2.50'])
  const { body } = await call<{ doc_count: number }>(server.url, 'GET', '/customers')
  t.is(body.doc_count, 1)
  // One revision for each edit: nothing that was sent out came back as news.
  const { body: two } = await call<{ _rev: string }>(server.url, 'GET', '/customers/customer:2')
  t.regex(two._rev, /^2-/)
})

test.serial('concurrent edits on all three converge, and nothing moves any more', async t => {
  t.timeout(TIMEOUT_MS)
  const random = (most: number): number => Math.floor(Math.random() * most)
  for (let edit = 0; edit < EDITS; edit++) {
    const [id, n] = [100 + random(8), edit]
    const upsert = `INSERT INTO customers VALUES (${id}, 'edit ${edit}', ${n}, ${n}.25)`
    const update = `n = ${n}, name = 'edit ${edit}'`
    const isDeletion = Math.random() < 0.15
    const where = random(3)
    if (where === 0)
      await postgres.sql(
        isDeletion
          ? `DELETE FROM customers WHERE id = ${id}`
          : `${upsert} ON CONFLICT (id) DO UPDATE SET ${update}`,
      )
    else if (where === 1)
      await mariaDb.sql(
        isDeletion ? `DELETE FROM customers WHERE id = ${id}` : `${upsert} ON DUPLICATE KEY UPDATE ${update}`,
      )
    else await editHere(id, isDeletion ? null : { name: `edit ${edit}`, n, price: `${n}.25` })
    await sleep(random(60))
  }
  const rows = await settled()
  t.true(rows.length > 1)
  const { body } = await call<{ rows: readonly unknown[] }>(server.url, 'GET', '/customers/_ingest/failures')
  t.log(`${EDITS} edits, ${rows.length} rows, ${body.rows.length} failures`)
})
