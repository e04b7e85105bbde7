import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, Consumer, Producer } from '@platformatic/kafka'
import { freePort } from '../../harness/free-port.ts'
import { formatKafka, KAFKA_JAVA, kafkaProperties } from '../../harness/kafka.ts'
import { AT_A_TIME, type BenchBroker } from './broker.ts'

/** Starts a Kafka of one node, from the jars that `.ci/run` fetches. */
export async function startKafka(): Promise<BenchBroker> {
  const directory = await mkdtemp(join(tmpdir(), 'couchette-bench-kafka-'))
  const [port, controller] = [await freePort(), await freePort()]
  const file = join(directory, 'server.properties')
  await writeFile(file, kafkaProperties(directory, port, controller))
  formatKafka(file)
  const server = spawn('java', [...KAFKA_JAVA, 'kafka.Kafka', file], { stdio: 'ignore' })
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
