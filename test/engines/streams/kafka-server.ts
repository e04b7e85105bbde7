import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { freePort } from '../../../harness/free-port.ts'
import { formatKafka, KAFKA_JAVA, kafkaProperties } from '../../../harness/kafka.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import { retried } from './retried.ts'

/** A machine that does much else takes minutes for it. */
const UP_WITHIN_MS = 400_000

/** Files of a broker's certificate, the authority's text, and the one user. */
export interface KafkaSecurity {
  readonly ca: string
  readonly certificate: string
  readonly key: string
  readonly user: { readonly name: string; readonly password: string }
}

/** A Kafka 4 of one node in KRaft mode. */
export class KafkaServer extends Broker {
  readonly port: number
  readonly #security: KafkaSecurity | undefined

  private constructor(dir: TempDir, port: number, security: KafkaSecurity | undefined) {
    super(dir)
    this.port = port
    this.#security = security
  }

  static async start(security?: KafkaSecurity): Promise<KafkaServer> {
    const dir = await tempDir()
    const [port, controller] = [await freePort(), await freePort()]
    const server = new KafkaServer(dir, port, security)
    const secured = security === undefined ? [] : await securityProperties(dir.path, security)
    const properties = [kafkaProperties(dir.path, port, controller), ...secured]
    await writeFile(server.#properties, properties.join('\n'))
    formatKafka(server.#properties, security === undefined ? [] : scramUsers(security))
    await server.up()
    return server
  }

  get #properties(): string {
    return join(this.dir.path, 'server.properties')
  }

  /** Starts it; again where it ends by itself, as something else may have taken its port while it was away. */
  async up(): Promise<void> {
    this.spawn('java', [...KAFKA_JAVA, 'kafka.Kafka', this.#properties], { isKept: true })
    await retried(() => this.use(admin => admin.listTopics()), UP_WITHIN_MS)
  }

  /** Runs work with a client of its own. */
  async use<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const { user, ca } = this.#security ?? {}
    const secured =
      user === undefined
        ? {}
        : { tls: { ca }, sasl: { mechanism: 'PLAIN' as const, username: user.name, password: user.password } }
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [this.address], retries: 0, ...secured })
    try {
      return await work(admin)
    } finally {
      await admin.close()
    }
  }
}

/** Properties of a broker that speaks TLS, and wants a user by each kind of SASL; its controller is inside. */
async function securityProperties(
  path: string,
  { ca, certificate, key, user }: KafkaSecurity,
): Promise<string[]> {
  const keystore = join(path, 'keystore.pem')
  await writeFile(keystore, (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')))
  // A broker is a client of itself, and looks at its own certificate before it listens.
  const truststore = join(path, 'truststore.pem')
  await writeFile(truststore, ca)
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${user.name}="${user.password}"`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required'
  const login = (mechanism: string, module: string): string =>
    `listener.name.plaintext.${mechanism}.sasl.jaas.config=${module};`
  return [
    'listener.security.protocol.map=PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'inter.broker.listener.name=PLAINTEXT',
    'sasl.mechanism.inter.broker.protocol=PLAIN',
    login('plain', `${plain} username="${user.name}" password="${user.password}"`),
    login('scram-sha-256', scram),
    login('scram-sha-512', scram),
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${keystore}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${truststore}`,
  ]
}

function scramUsers({ user: { name, password } }: KafkaSecurity): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(mechanism => [
    '-S',
    `${mechanism}=[name=${name},password=${password}]`,
  ])
}
