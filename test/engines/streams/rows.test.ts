import assert from 'node:assert/strict'
import test from 'ava'
import { request } from 'undici'
import {
  type ExactObject,
  isExactObject,
  parseExact,
  printExact,
} from '../../../protocol/streams/exact-json.ts'
import { target } from '../../../harness/client.ts'
import { call } from '../../helpers/http.ts'
import { type ColumnCase, MARIADB_TYPES, POSTGRES_OBJECTS, POSTGRES_TYPES } from './column-types.ts'
import { commitLatencies } from './commit-latency.ts'
import { DebeziumEngine, KafkaConnect, mariaDbSource, postgresSource, type Settings } from './debezium.ts'
import { JobServer } from './job-server.ts'
import { KafkaServer } from './kafka-server.ts'
import { MariaDbServer } from './mariadb-server.ts'
import { NatsServer } from './nats-server.ts'
import { PostgresServer } from './postgres-server.ts'
import { retried } from './retried.ts'

/*
 * PostgreSQL ─┐               ┌─ JetStream ─ job ─┐
 *             ├─ Debezium 3.5 ┼─ Kafka ───── job ─┼─ Couchette: a database for each database and way
 * MariaDB ────┘               └─ POST _ingest ────┘
 */
const WAYS = ['nats', 'kafka', 'http'] as const
const DATABASES = ['pg', 'my'] as const
const TEMPLATE = 'row:{id}'

let postgres: PostgresServer
let mariaDb: MariaDbServer
let nats: NatsServer
let kafka: KafkaServer
let engine: DebeziumEngine
let connect: KafkaConnect
const server = new JobServer()

const everywhere = WAYS.flatMap(way => DATABASES.map(database => `${way}-${database}`))

test.before(async () => {
  postgres = await PostgresServer.start()
  mariaDb = await MariaDbServer.start()
  nats = await NatsServer.start()
  kafka = await KafkaServer.start()
  await server.start()
  await makeTables()
  await nats.use(({ manager }) => manager.streams.add({ name: 'rows', subjects: ['rows.>'] }))
  const topics = [
    'my',
    ...['types', 'rows', 'signals'].flatMap(name => [`pg.public.${name}`, `my.shop.${name}`]),
  ]
  await kafka.use(admin => admin.createTopics({ topics, partitions: 1, replicas: 1 }))
  for (const database of everywhere) await call(server.url, 'PUT', `/${database}`)
  await startJobs()
  const toNats = { 'sink.nats': `nats://${nats.address}`, 'sink.subject': 'rows' }
  const toHttp = (database: string) => ({
    'sink.http': `${server.url}/${database}/_ingest?id=${encodeURIComponent(TEMPLATE)}`,
  })
  engine = await DebeziumEngine.start(
    { ...fromPostgres('nats'), ...toNats },
    { ...fromMariaDb(1), ...toNats },
    // Connectors of one process need names of their own.
    { ...fromPostgres('http'), 'topic.prefix': 'pg2', ...toHttp('http-pg') },
    { ...fromMariaDb(2), 'topic.prefix': 'my2', ...toHttp('http-my') },
  )
  connect = await KafkaConnect.start(kafka.address, { pg: fromPostgres('kafka'), my: fromMariaDb(3) })
})

test.after.always(async () => {
  for (const part of [engine, connect, server, kafka, nats, mariaDb, postgres]) await part?.close()
})

function fromPostgres(name: string): Settings {
  return postgresSource(postgres, {
    'slot.name': `slot_${name}`,
    'publication.name': `publication_${name}`,
    'table.include.list': 'public.types,public.rows,public.signals',
    'signal.data.collection': 'public.signals',
    'include.unknown.datatypes': 'true',
    'hstore.handling.mode': 'json',
    'skipped.operations': 'none',
  })
}

function fromMariaDb(number: number): Settings {
  return mariaDbSource(mariaDb, {
    'database.server.id': String(5000 + number),
    'signal.data.collection': 'shop.signals',
    'bigint.unsigned.handling.mode': 'precise',
    'skipped.operations': 'none',
  })
}

async function startJobs(): Promise<void> {
  const rows = { format: 'debezium', id: TEMPLATE }
  for (const [database, schema] of [
    ['pg', 'pg.public'],
    ['my', 'my.shop'],
  ] as const) {
    const subject = { url: `nats://${nats.address}`, stream: 'rows', subject: `rows.${schema}.*` }
    await server.putJob(`nats-${database}`, {
      source: { ...subject, ...rows },
      target: `${server.url}/nats-${database}`,
      continuous: true,
    })
    for (const table of ['types', 'rows'])
      await server.putJob(`kafka-${database}-${table}`, {
        source: { url: `kafka://${kafka.address}`, topic: `${schema}.${table}`, ...rows },
        target: `${server.url}/kafka-${database}`,
        continuous: true,
      })
  }
}

const columnsOf = (types: readonly ColumnCase[]): string =>
  types.map(([type], index) => `c${index} ${type}`).join(', ')
const valuesOf = (types: readonly ColumnCase[]): string => types.map(([, sql]) => sql).join(', ')

async function makeTables(): Promise<void> {
  const rows = 'CREATE TABLE rows(id int PRIMARY KEY, n numeric(12, 2), note varchar(200), big text)'
  const signals =
    'CREATE TABLE signals(id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))'
  await postgres.sql(`${POSTGRES_OBJECTS}; ${rows}; ${signals}; ALTER TABLE rows ALTER big SET STORAGE EXTERNAL;
    CREATE TABLE types(id int PRIMARY KEY, ${columnsOf(POSTGRES_TYPES)});
    INSERT INTO types VALUES (1, ${valuesOf(POSTGRES_TYPES)})`)
  await mariaDb.sql(`${rows.replace('TABLE rows', 'TABLE `rows`')}; ${signals};
    CREATE TABLE types(id int PRIMARY KEY, ${columnsOf(MARIADB_TYPES)});
    INSERT INTO types VALUES (1, ${valuesOf(MARIADB_TYPES)})`)
  await inBoth("INSERT INTO `rows` VALUES (50, 1.50, 'here before the connector', 'x')")
}

/** Names in backticks are PostgreSQL's without them. */
async function inBoth(sql: string): Promise<void> {
  await postgres.sql(sql.replaceAll('`', ''))
  await mariaDb.sql(sql)
}

async function textOf(path: string): Promise<string> {
  const { origin, headers } = target(server.url)
  const { body } = await request(`${origin}${path}`, { headers })
  return body.text()
}

async function membersOf(database: string, id: number): Promise<ExactObject> {
  const document = parseExact(Buffer.from(await textOf(`/${database}/row:${id}`)))
  assert(isExactObject(document))
  return document
}

for (const [database, types, insert] of [
  ['pg', POSTGRES_TYPES, (sql: string) => postgres.sql(sql)],
  ['my', MARIADB_TYPES, (sql: string) => mariaDb.sql(sql)],
] as const)
  test.serial(
    `${database}: every type arrives equal, from the snapshot and from the log, by each way`,
    async t => {
      await insert(`INSERT INTO types VALUES (2, ${valuesOf(types)})`)
      await insert('INSERT INTO types(id) VALUES (3)')
      await insert('INSERT INTO types(id) VALUES (4)')
      const assigned = types.map(([, sql], index) => `c${index} = ${sql}`).join(', ')
      await insert(`UPDATE types SET ${assigned} WHERE id = 4`)
      for (const way of WAYS)
        await retried(async () => {
          const name = `${way}-${database}`
          for (const id of [1, 2, 4]) {
            const members = await membersOf(name, id)
            for (const [index, [type, sql, expected]] of types.entries())
              assert.equal(
                printExact(members.get(`c${index}`) ?? ''),
                expected,
                `${name} ${id} ${type} ${sql}`,
              )
          }
          const nulls = await membersOf(name, 3)
          for (const index of types.keys()) assert.equal(nulls.get(`c${index}`), null)
        })
      t.pass()
    },
  )

interface Listed {
  readonly rows: readonly { readonly doc: Readonly<Record<string, unknown>> }[]
}

/** The documents of the table `rows` in a database, as its rows are selected. */
async function documentsOf(database: string): Promise<string[]> {
  const { rows } = JSON.parse(await textOf(`/${database}/_all_docs?include_docs=true`)) as Listed
  return rows
    .filter(({ doc }) => 'note' in doc)
    .map(({ doc }) => [doc['id'], doc['n'], doc['note'], doc['big']].map(String).join('|'))
    .sort()
}

async function selected(database: 'pg' | 'my'): Promise<string[]> {
  const rows =
    database === 'pg'
      ? (await postgres.sql('SELECT id, n, note, big FROM rows')).map(row => Object.values(row))
      : await mariaDb.sql('SELECT id, n, note, big FROM `rows`')
  return rows
    .map(row => row.map(value => (value === null || value === 'NULL' ? 'null' : value)).join('|'))
    .sort()
}

async function assertMirrored(): Promise<void> {
  for (const database of DATABASES) {
    const rows = await selected(database)
    for (const way of WAYS)
      await retried(async () => assert.deepEqual(await documentsOf(`${way}-${database}`), rows))
  }
}

async function failuresOf(database: string): Promise<string[]> {
  const { rows } = JSON.parse(await textOf(`/${database}/_ingest/failures`)) as { rows: { error: string }[] }
  return rows.map(({ error }) => error)
}

test.serial(
  'inserts, updates, deletions, changes of keys, transactions and values outside of rows',
  async t => {
    const values = Array.from({ length: 100 }, (_, n) => `(${n + 100}, ${n}.25, 'note ${n}', NULL)`).join(
      ', ',
    )
    await inBoth(`BEGIN; INSERT INTO \`rows\` VALUES ${values}; UPDATE \`rows\` SET n = n + 1 WHERE id < 150;
    DELETE FROM \`rows\` WHERE id > 190; COMMIT`)
    await inBoth("BEGIN; INSERT INTO `rows` VALUES (5000, 1, 'rolled back', NULL); ROLLBACK")
    await inBoth('UPDATE `rows` SET id = id + 1000 WHERE id BETWEEN 100 AND 109')
    // One row goes, another comes under its key, and a key is free and taken again.
    await inBoth(`BEGIN; DELETE FROM \`rows\` WHERE id = 120; INSERT INTO \`rows\` VALUES (120, 7, 'another', NULL);
    UPDATE \`rows\` SET id = 3000 WHERE id = 121; UPDATE \`rows\` SET id = 121 WHERE id = 3000; COMMIT`)
    const big = 'x'.repeat(9000)
    await inBoth(`INSERT INTO \`rows\` VALUES (300, 1, 'big', '${big}'), (301, NULL, '', NULL)`)
    await inBoth("UPDATE `rows` SET n = 2, note = 'its big value was not logged again' WHERE id = 300")
    await assertMirrored()
    for (const name of everywhere) {
      t.deepEqual(await failuresOf(name), [], name)
      t.is((await call(server.url, 'GET', `/${name}/row:5000`)).status, 404)
      const { body } = await call<Record<string, unknown>>(
        server.url,
        'GET',
        `/${name}/row:300?conflicts=true`,
      )
      t.regex(String(body['_rev']), /^2-/)
      t.is(body['_conflicts'], undefined)
    }
  },
)

test.serial('an incremental snapshot makes no revision of rows that are here', async t => {
  const before = new Map<string, string[]>()
  for (const name of everywhere) before.set(name, await server.ids(name))
  const signal = (table: string): string =>
    `INSERT INTO signals VALUES ('snapshot', 'execute-snapshot', '{"data-collections": ["${table}"], "type": "incremental"}')`
  await postgres.sql(signal('public.rows'))
  await mariaDb.sql(signal('shop.rows'))
  for (const subject of ['rows.pg.public.rows', 'rows.my.shop.rows'])
    await retried(async () => {
      const message = await nats.use(({ manager }) =>
        manager.streams.getMessage('rows', { last_by_subj: subject }),
      )
      assert.match(message!.string(), /"snapshot":"incremental"/)
    })
  await inBoth("INSERT INTO `rows` VALUES (400, 4, 'after it', NULL)")
  await assertMirrored()
  for (const name of everywhere) {
    const known = new Set(before.get(name))
    const added = (await server.ids(name)).filter(one => !known.has(one)).map(one => one.split(' ')[0]!)
    // Signals are rows too.
    const rows = added.filter(id => /^row:\d+$/.test(id))
    t.deepEqual(rows, ['row:400'], name)
  }
})

test.serial('rows reach a reader of changes by each way; p50 and p99 are logged', async t => {
  for (const [index, way] of WAYS.entries()) {
    const times = await commitLatencies(postgres, server.url, `${way}-pg`, 10_000 * (index + 1))
    const at = (share: number) => times[Math.ceil(share * times.length) - 1]!.toFixed(0)
    t.log(`${way}: ${times.length} commits, to a reader p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
    t.true(times.length > 0)
  }
  await assertMirrored()
})

test.serial('a truncated table is a failure, and its documents stay', async t => {
  const before = await documentsOf('nats-pg')
  await inBoth('TRUNCATE TABLE `rows`')
  for (const name of everywhere) {
    await retried(async () => assert.deepEqual(await failuresOf(name), ['truncate_refused']))
    t.deepEqual(await documentsOf(name), before)
  }
})
