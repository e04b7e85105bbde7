import { writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../harness/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import type { MariaDbServer } from './mariadb-server.ts'
import type { PostgresServer } from './postgres-server.ts'

/** Directory into which `.ci/run` puts what test/engines/streams/java makes. */
const BUILT = process.env['COUCHETTE_DEBEZIUM'] ?? join(homedir(), '.cache/couchette-engines/debezium')

const JAVA = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-cp',
  `${BUILT}/classes:${BUILT}/jars/*`,
]

export type Settings = Readonly<Record<string, string>>

/** Settings of a connector that reads PostgreSQL's log, under the name `pg`. */
export function postgresSource({ port }: PostgresServer, settings: Settings): Settings {
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': '127.0.0.1',
    'database.port': String(port),
    'database.user': 'postgres',
    'database.password': 'none',
    'database.dbname': 'postgres',
    'topic.prefix': 'pg',
    'plugin.name': 'pgoutput',
    'publication.autocreate.mode': 'filtered',
    'poll.interval.ms': '50',
    'errors.max.retries': '-1',
    'retriable.restart.connector.wait.ms': '500',
    ...settings,
  }
}

/** Settings of a connector that reads MariaDB's log, under the name `my`. */
export function mariaDbSource({ port, user, password }: MariaDbServer, settings: Settings): Settings {
  return {
    'connector.class': 'io.debezium.connector.mariadb.MariaDbConnector',
    'database.hostname': '127.0.0.1',
    'database.port': String(port),
    'database.user': user,
    'database.password': password,
    'database.server.id': String(1000 + (port % 50_000)),
    'database.include.list': 'shop',
    'topic.prefix': 'my',
    'schema.history.internal': 'io.debezium.storage.file.history.FileSchemaHistory',
    'poll.interval.ms': '50',
    'errors.max.retries': '-1',
    'retriable.restart.connector.wait.ms': '500',
    'connect.keep.alive.interval.ms': '2000',
    ...settings,
  }
}

/** Settings of Debezium's sink, which writes the rows of a topic into a database. */
export function jdbcSink(connection: Settings, settings: Settings): Settings {
  return {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'insert.mode': 'upsert',
    'delete.enabled': 'true',
    'primary.key.mode': 'record_key',
    'schema.evolution': 'none',
    ...connection,
    ...settings,
  }
}

function properties(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')
}

/** Debezium's embedded engine with connectors, which send to JetStream or by HTTP. */
export class DebeziumEngine extends Broker {
  protected readonly port = 0
  readonly #connectors: readonly Settings[]

  private constructor(dir: TempDir, connectors: readonly Settings[]) {
    super(dir)
    this.#connectors = connectors
  }

  /** @param connectors settings of each, and `sink.nats` with `sink.subject`, or `sink.http` */
  static async start(...connectors: Settings[]): Promise<DebeziumEngine> {
    const engine = new DebeziumEngine(await tempDir(), connectors)
    await engine.up()
    return engine
  }

  async up(): Promise<void> {
    const file = (name: string): string => join(this.dir.path, name)
    const files = this.#connectors.map((_, index) => file(`${index}.properties`))
    for (const [index, settings] of this.#connectors.entries())
      await writeFile(
        files[index]!,
        properties({
          name: `engine${index}`,
          'offset.storage.file.filename': file(`${index}.offsets`),
          'offset.flush.interval.ms': '500',
          'schema.history.internal.file.filename': file(`${index}.history`),
          ...settings,
        }),
      )
    // It ends where the database is away just when it begins.
    this.spawn('java', [...JAVA, 'DebeziumRunner', ...files], { isKept: true })
  }
}

/** Kafka Connect of one process, with connectors that read and write. */
export class KafkaConnect extends Broker {
  protected readonly port: number
  readonly #connectors: Readonly<Record<string, Settings>>
  readonly #brokers: string

  private constructor(
    dir: TempDir,
    port: number,
    brokers: string,
    connectors: Readonly<Record<string, Settings>>,
  ) {
    super(dir)
    this.port = port
    this.#brokers = brokers
    this.#connectors = connectors
  }

  /** @param connectors settings of each, by its name */
  static async start(brokers: string, connectors: Readonly<Record<string, Settings>>): Promise<KafkaConnect> {
    const connect = new KafkaConnect(await tempDir(), await freePort(), brokers, connectors)
    await connect.up()
    return connect
  }

  async up(): Promise<void> {
    const file = (name: string): string => join(this.dir.path, name)
    const json = 'org.apache.kafka.connect.json.JsonConverter'
    const worker = {
      'bootstrap.servers': this.#brokers,
      'key.converter': json,
      'value.converter': json,
      'offset.storage.file.filename': file('offsets'),
      'offset.flush.interval.ms': '500',
      listeners: `http://${this.address}`,
      'plugin.discovery': 'service_load',
    }
    await writeFile(file('worker.properties'), properties(worker))
    const names = Object.keys(this.#connectors)
    for (const name of names) {
      const history = { 'schema.history.internal.file.filename': file(`${name}.history`) }
      const isMariaDb = this.#connectors[name]!['schema.history.internal'] !== undefined
      const settings = { name, ...(isMariaDb ? history : {}), ...this.#connectors[name] }
      await writeFile(file(`${name}.properties`), properties(settings))
    }
    const files = ['worker', ...names].map(name => file(`${name}.properties`))
    this.spawn('java', [...JAVA, 'org.apache.kafka.connect.cli.ConnectStandalone', ...files])
  }
}
