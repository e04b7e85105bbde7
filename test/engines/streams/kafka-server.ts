import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { freePort } from '../../helpers/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import { retried } from './retried.ts'

/** Directory into which `.ci/run` puts the jars of Kafka and its dependencies, from Maven Central. */
const JARS = process.env['COUCHETTE_KAFKA_JARS'] ?? join(homedir(), '.cache/couchette-engines/kafka')

/** A Kafka 4 of one node in KRaft mode. */
export class KafkaServer extends Broker {
  readonly port: number

  private constructor(dir: TempDir, port: number) {
    super(dir)
    this.port = port
  }

  static async start(): Promise<KafkaServer> {
    const dir = await tempDir()
    const [port, controller] = [await freePort(), await freePort()]
    const server = new KafkaServer(dir, port)
    await writeFile(server.#properties, properties(dir.path, port, controller))
    const format = [
      'kafka.tools.StorageTool',
      'format',
      '-t',
      'MkU3OEVBNTcwNTJENDM2Qg',
      '-c',
      server.#properties,
    ]
    const { status, stderr } = spawnSync('java', [...JAVA, ...format], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`Kafka's storage cannot be made: ${stderr}`)
    await server.up()
    return server
  }

  get #properties(): string {
    return join(this.dir.path, 'server.properties')
  }

  async up(): Promise<void> {
    this.spawn('java', [...JAVA, 'kafka.Kafka', this.#properties])
    await retried(() => this.use(admin => admin.listTopics()))
  }

  /** Runs work with a client of its own. */
  async use<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [this.address], retries: 0 })
    try {
      return await work(admin)
    } finally {
      await admin.close()
    }
  }
}

const JAVA = ['-Xmx512m', '-cp', `${JARS}/*`]

function properties(path: string, port: number, controller: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${path}/logs`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
  ].join('\n')
}
