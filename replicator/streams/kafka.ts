import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { BaseOptions, ClusterMetadata } from '@platformatic/kafka'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import { PeerError } from '../peer-error.ts'
import type { BrokerAccess } from './contract.ts'
import { KafkaFrames } from './frame-readers.ts'
import { GuardedSockets } from './guarded-sockets.ts'

/** The sockets of a client of Kafka, and what may come from them. */
export class KafkaSockets extends GuardedSockets {
  readonly #access: BrokerAccess

  constructor(access: BrokerAccess) {
    super()
    this.#access = access
  }

  /** Watches a socket that the client has just made. */
  take(socket: Socket): void {
    this.watch(socket, new KafkaFrames(this.#access.limits))
  }
}

/** Called by the client behind each socket that it makes, before anything comes from it. */
channel('tracing:plt:kafka:connections:connects:end').subscribe(event => {
  const { connection } = event as { connection: { context: unknown; socket?: Socket } }
  const { context, socket } = connection
  if (context instanceof KafkaSockets && socket !== undefined) context.take(socket)
})

/** The options of a client; a job that loses its brokers crashes and is started again by its scheduler. */
export function kafkaOptions(
  endpoint: StreamEndpoint,
  access: BrokerAccess,
  sockets: KafkaSockets,
): BaseOptions {
  const { username, password, token, timeoutMs, ca, cert, key, rejectUnauthorized } = access
  const files = Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, text]) => text !== undefined))
  const sasl =
    token !== undefined
      ? { mechanism: 'OAUTHBEARER' as const, token }
      : username === undefined
        ? undefined
        : { mechanism: endpoint.sasl, username, password: password ?? '' }
  return {
    clientId: 'couchette',
    context: sockets,
    bootstrapBrokers: [...endpoint.servers],
    retries: 2,
    retryDelay: 200,
    connectTimeout: Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
    autocreateTopics: false,
    ...(endpoint.tls ? { tls: { ...files, rejectUnauthorized } } : {}),
    ...(sasl === undefined ? {} : { sasl }),
  }
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * Returns the id of the endpoint's topic, which another of its name does not have, and its partitions. Brokers lead clients to
 * other brokers: these must be allowed too.
 */
export async function topicOf(
  { subject, servers }: StreamEndpoint,
  access: BrokerAccess,
  read: () => Promise<ClusterMetadata>,
): Promise<{ readonly id: string; readonly partitions: number }> {
  for (const server of servers) await access.checkHost(server)
  const { brokers, topics } = await read()
  for (const { host, port } of brokers.values()) await access.checkHost(`${host}:${port}`)
  const topic = topics.get(subject)
  if (topic === undefined) throw noTopic(servers, subject)
  return { id: topic.id, partitions: topic.partitionsCount }
}

function noTopic(servers: readonly string[], topic: string): PeerError {
  const reason = `kafka://${servers.join(',')} has no topic ${topic}`
  return new PeerError('topic_not_found', reason, { status: 404, transient: true })
}

/** Returns what went wrong with a broker, in a sentence that names the topic and no credentials. */
export function kafkaError(error: unknown, { servers, subject }: StreamEndpoint): PeerError {
  const all = errorsWithin(error)
  const peerError = all.find(one => one instanceof PeerError)
  if (peerError !== undefined) return peerError
  const text = all
    .map(({ message, apiId = '' }: Error & { apiId?: string }) => `${apiId} ${message}`)
    .join('; ')
  const at = `kafka://${servers.join(',')}`
  const details = { transient: true, cause: error }
  if (/UNKNOWN_TOPIC|Unknown topic/.test(text)) return noTopic(servers, subject)
  if (/SASL|AUTHENTICATION/i.test(text))
    return new PeerError('unauthorized', `${at} refuses the credentials`, { ...details, status: 401 })
  if (/AUTHORIZATION_FAILED/.test(text)) return new PeerError('forbidden', `${at} does not allow it`, details)
  if (/MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/.test(text))
    return new PeerError('message_too_large', `${at} takes no message of this size`, { status: 413 })
  if (/ECONN|ENOTFOUND|EAI_AGAIN|onnection|NetworkError|closed/.test(text))
    return new PeerError('connection_refused', `nothing that speaks Kafka answers at ${at}`, details)
  return new PeerError('stream_failed', `${subject} at ${at}: ${text.slice(0, 500)}`, details)
}

/** An error with those that it was made of. */
function errorsWithin(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > 5) return []
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return [error, ...[...inner, error.cause].flatMap(one => errorsWithin(one, depth + 1))]
}
