import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { freePort } from '../../helpers/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from './broker.ts'
import { retried } from './retried.ts'

/** Directory into which `.ci/run` puts the jars of Kafka and its dependencies, from Maven Central. */
const JARS = process.env['COUCHETTE_KAFKA_JARS'] ?? join(homedir(), '.cache/couchette-engines/kafka')

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
    await writeFile(server.#properties, [...properties(dir.path, port, controller), ...secured].join('\n'))
    const format = [
      'kafka.tools.StorageTool',
      'format',
      '-t',
      'MkU3OEVBNTcwNTJENDM2Qg',
      '-c',
      server.#properties,
      ...(security === undefined ? [] : scramUsers(security)),
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

const JAVA = ['-Xmx512m', '-cp', `${JARS}/*`]

function properties(path: string, port: number, controller: number): string[] {
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
  ]
}

/** Properties of a broker that speaks TLS, and wants a user by each kind of SASL; its controller is inside. */
async function securityProperties(
  path: string,
  { certificate, key, user }: KafkaSecurity,
): Promise<string[]> {
  const keystore = join(path, 'keystore.pem')
  await writeFile(keystore, (await readFile(key, 'utf8')) + (await readFile(certificate, 'utf8')))
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${user.name}="${user.password}"`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required'
  const login = (mechanism: string, module: string): string =>
    `listener.name.plaintext.${mechanism}.sasl.jaas.config=${module};`
  return [
    'listener.security.protocol.map=PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol=PLAIN',
    login('plain', `${plain} username="${user.name}" password="${user.password}"`),
    login('scram-sha-256', scram),
    login('scram-sha-512', scram),
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${keystore}`,
  ]
}

function scramUsers({ user: { name, password } }: KafkaSecurity): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(mechanism => [
    '-S',
    `${mechanism}=[name=${name},password=${password}]`,
  ])
}
