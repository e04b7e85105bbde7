import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type { BrokerAccess, StreamReader, StreamWriter } from './contract.ts'
import { KafkaReader } from './kafka-reader.ts'
import { KafkaWriter } from './kafka-writer.ts'
import { NatsReader } from './nats-reader.ts'
import { NatsWriter } from './nats-writer.ts'

/** Returns a reader of a stream, not yet open. */
export function streamReader(endpoint: StreamEndpoint, access: BrokerAccess): StreamReader {
  return endpoint.broker === 'kafka' ? new KafkaReader(endpoint, access) : new NatsReader(endpoint, access)
}

/** Returns a writer to a stream, not yet open. */
export function streamWriter(endpoint: StreamEndpoint, access: BrokerAccess): StreamWriter {
  return endpoint.broker === 'kafka' ? new KafkaWriter(endpoint, access) : new NatsWriter(endpoint, access)
}
