import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { freePort } from '../../../harness/free-port.ts'
import { formatKafka, KAFKA_JAVA, kafkaProperties } from '../../../harness/kafka.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import { retried } from './retried.ts'

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
    await writeFile(server.#properties, kafkaProperties(dir.path, port, controller))
    formatKafka(server.#properties)
    await server.up()
    return server
  }

  get #properties(): string {
    return join(this.dir.path, 'server.properties')
  }

  async up(): Promise<void> {
    this.spawn('java', [...KAFKA_JAVA, 'kafka.Kafka', this.#properties])
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
