import type { NatsConnection } from '@nats-io/nats-core'
import type { JetStreamClient, JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import { PeerError } from '../peer-error.ts'
import type { BrokerAccess } from './contract.ts'
import { NatsFrames } from './frame-readers.ts'
import { GuardedSockets } from './guarded-sockets.ts'
import type { WatchedOptions } from './nats-transport.ts'

/** A connection to JetStream, with the stream that an endpoint names. */
export interface NatsStream {
  readonly connection: NatsConnection
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
  readonly info: StreamInfo
  readonly sockets: GuardedSockets
}

/**
 * Connects to a NATS server. The client is loaded when the first job needs it.
 *
 * @throws PeerError
 */
export async function connectToNats(
  endpoint: StreamEndpoint,
  access: BrokerAccess,
  signal: AbortSignal,
): Promise<NatsStream> {
  for (const server of endpoint.servers) await access.checkHost(server)
  const sockets = new GuardedSockets()
  try {
    return await sockets.during(signal, () => openStream(endpoint, access, sockets))
  } catch (error) {
    // The client leaves a socket open on which it waited in vain.
    sockets.destroy()
    signal.throwIfAborted()
    throw natsError(sockets.failure ?? error, endpoint)
  }
}

async function openStream(
  endpoint: StreamEndpoint,
  access: BrokerAccess,
  sockets: GuardedSockets,
): Promise<NatsStream> {
  const [{ connectNats }, { jetstream, jetstreamManager }] = await Promise.all([
    import('./nats-transport.ts'),
    import('@nats-io/jetstream'),
  ])
  const { stream = '' } = endpoint
  const { timeoutMs, limits } = access
  const options = await connectionOptions(endpoint, access)
  let connection: NatsConnection | undefined
  try {
    connection = await connectNats({
      ...options,
      watch: socket => sockets.watch(socket, new NatsFrames(limits)),
    })
    const manager = await jetstreamManager(connection, { timeout: timeoutMs })
    const info = await manager.streams.info(stream)
    return { connection, manager, info, sockets, client: jetstream(connection, { timeout: timeoutMs }) }
  } catch (error) {
    await connection?.close().catch(() => undefined)
    throw error
  }
}

/** Closes a connection and its sockets. */
export async function closeNats(stream: NatsStream | undefined): Promise<void> {
  await stream?.connection.close().catch(() => undefined)
  stream?.sockets.destroy()
}

/** A job that loses its server crashes, and is started again by its scheduler: the client itself tries once only. */
async function connectionOptions(endpoint: StreamEndpoint, access: BrokerAccess): Promise<WatchedOptions> {
  const { username, password, token, creds, timeoutMs, ca, cert, key, rejectUnauthorized } = access
  const { credsAuthenticator } = await import('@nats-io/nats-core')
  const files = Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, text]) => text !== undefined))
  return {
    servers: [...endpoint.servers],
    name: 'couchette',
    timeout: timeoutMs,
    reconnect: false,
    // A server must not lead this one to others, which the settings may not allow.
    ignoreClusterUpdates: true,
    ...(username === undefined ? {} : { user: username, pass: password ?? '' }),
    ...(token === undefined ? {} : { token }),
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(Buffer.from(creds)) }),
    ...(endpoint.tls ? { tls: { ...files, rejectUnauthorized } as object } : {}),
  }
}

/** Returns what went wrong with a server, in a sentence that names the stream and no credentials. */
export function natsError(error: unknown, { servers, stream }: StreamEndpoint): PeerError {
  if (error instanceof PeerError) return error
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const at = `nats://${servers.join(',')}`
  const details = { transient: true, cause: error }
  if (/Authorization|AuthenticationExpired|UserAuthentication/.test(name) || /authorization/i.test(message))
    return new PeerError('unauthorized', `${at} refuses the credentials`, { ...details, status: 401 })
  if (/StreamNotFound/.test(name) || /stream not found/.test(message))
    return new PeerError('stream_not_found', `${at} has no stream ${stream}`, { ...details, status: 404 })
  if (/Permission/.test(name))
    return new PeerError('forbidden', `${at} does not allow it: ${message}`, details)
  if (/maximum message size|MaxPayload|max_payload/i.test(message))
    return new PeerError('message_too_large', `${at} takes no message of this size`, { status: 413 })
  if (/refused|ENOTFOUND|EAI_AGAIN|ECONN/i.test(message))
    return new PeerError(
      'connection_refused',
      `nothing that speaks NATS answers at ${at}: ${message}`,
      details,
    )
  return new PeerError('stream_failed', `${stream} at ${at}: ${message}`, details)
}
