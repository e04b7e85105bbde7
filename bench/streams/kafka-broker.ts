import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, Consumer, Producer } from '@platformatic/kafka'
import { AT_A_TIME, type BenchBroker } from './broker.ts'

const JARS = process.env['COUCHETTE_KAFKA_JARS'] ?? join(homedir(), '.cache/couchette-engines/kafka')
const JAVA = ['-Xmx512m', '-cp', `${JARS}/*`]

/** Starts a Kafka of one node, from the jars that `.ci/run` fetches. */
export async function startKafka(): Promise<BenchBroker> {
  const directory = await mkdtemp(join(tmpdir(), 'couchette-bench-kafka-'))
  const [port, controller] = [await freePort(), await freePort()]
  const file = join(directory, 'server.properties')
  await writeFile(file, properties(directory, port, controller))
  spawnSync('java', [
    ...JAVA,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    'MkU3OEVBNTcwNTJENDM2Qg',
    '-c',
    file,
  ])
  const server = spawn('java', [...JAVA, 'kafka.Kafka', file], { stdio: 'ignore' })
  const client = { clientId: 'bench', bootstrapBrokers: [`127.0.0.1:${port}`] }
  const admin = new Admin({ ...client, retries: 0 })
  while (!(await admin.listTopics().catch(() => undefined))) await sleep(200)
  const producer = new Producer(client)
  const endpoint = (topic: string) => ({ url: `kafka://127.0.0.1:${port}`, topic })
  return {
    name: 'Kafka',
    make: async topic => void (await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })),
    publish: async (topic, texts) => {
      for (let at = 0; at < texts.length; at += AT_A_TIME) {
        const part = texts.slice(at, at + AT_A_TIME)
        const messages = part.map(text => ({ topic, key: Buffer.from('k'), value: Buffer.from(text) }))
        await producer.send({ messages, acks: -1 })
      }
    },
    consume: async (topic, count) => {
      const consumer = new Consumer({ ...client, groupId: `bench-${Date.now()}`, autocommit: false })
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
      let read = 0
      for await (const { value } of stream) {
        JSON.parse(value.toString())
        if (++read === count) break
      }
      await stream.close()
      await new Promise<void>(resolve => consumer.close(true, () => resolve()))
    },
    source: endpoint,
    sink: endpoint,
    close: async () => {
      await producer.close()
      await admin.close()
      server.kill('SIGKILL')
      await once(server, 'exit')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function properties(directory: string, port: number, controller: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${directory}/logs`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
  ].join('\n')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
