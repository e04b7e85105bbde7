import { spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Directory into which `.ci/run` puts the jars of Kafka and its dependencies, from Maven Central. */
const JARS = process.env['COUCHETTE_KAFKA_JARS'] ?? join(homedir(), '.cache/couchette-engines/kafka')

/** Arguments of `java` in front of a class of Kafka. */
export const KAFKA_JAVA = ['-Xmx512m', '-cp', `${JARS}/*`]

/** Returns the properties of a broker that is a cluster of its own, in KRaft mode on loopback. */
export function kafkaProperties(path: string, port: number, controller: number): string {
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

/**
 * Prepares the storage that a file of properties names.
 *
 * @param more arguments, such as users of SCRAM
 */
export function formatKafka(file: string, more: readonly string[] = []): void {
  const args = ['kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', file, ...more]
  const { status, stderr } = spawnSync('java', [...KAFKA_JAVA, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Kafka's storage cannot be made: ${stderr}`)
}
