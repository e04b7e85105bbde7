import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import type { Count } from '../../concurrency/shared-count.ts'
import type { Config } from '../../config/config.ts'
import { endIdleSessions } from './idle-sessions.ts'
import { answerMalformedRequests } from './malformed-requests.ts'
import { MoreAcceptors } from './more-acceptors.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { listenError } from '../../config/start-error.ts'

export type RequestHandler = (req: IncomingMessage, res: ServerResponse) => void

/** An open port. */
export interface Listener {
  /** In digits, as the operating system gave it. */
  readonly address: string
  readonly port: number
  /** The listening socket's descriptor; undefined on systems without. */
  readonly descriptor: number | undefined
  /** Takes no more connections; resolves when all are gone. Idempotent. */
  stop(): Promise<void>
  /** Ends the connections that are left. */
  cut(): void
}

/** Bounds of the interval at which Node checks for request heads that take too long. */
const MIN_CHECK_MS = 100
const MAX_CHECK_MS = 10_000

/** Streams of one HTTP/2 connection: a browser's feeds and requests. */
const MAX_STREAMS = 1000

/** A listening socket of this thread, as Node.js has it inside. */
export interface ListeningSocket {
  readonly fd: number
}

/** An address to take, or a listening socket; port 0 takes any free one. */
export type ListenAt = { readonly host: string; readonly port: number } | ListeningSocket

/** @param connections counts the connections of all threads that serve the address; the limit is for them together */
export function listenPlain(
  config: Config,
  handle: RequestHandler,
  at: ListenAt,
  connections?: Count,
): Promise<Listener> {
  const server = createHttp({ ...limits(config), noDelay: true }, oneAtATime(handle))
  answerMalformedRequests(server, 'connection')
  return listen(server, config, at, connections)
}

/** HTTP/2, and HTTP/1.1 for those who do not speak it. */
export function listenTls(
  config: Config,
  handle: RequestHandler,
  credentials: SecureContextOptions,
  bind: string,
): Promise<Listener> {
  const { maxHeaderSize, ...timeouts } = limits(config)
  const server = createSecureServer(
    {
      ...credentials,
      ...timeouts,
      maxHeaderSize,
      allowHTTP1: true,
      settings: { maxHeaderListSize: maxHeaderSize, maxConcurrentStreams: MAX_STREAMS },
    } as Parameters<typeof createSecureServer>[0],
    oneAtATime(handle) as unknown as Parameters<typeof createSecureServer>[1],
  )
  answerMalformedRequests(server, 'secureConnection')
  endIdleSessions(server, config.integer('couchette', 'idle_connection_timeout'))
  return listen(server, config, { host: bind, port: config.integer('ssl', 'port') })
}

/** Bodies have a timeout of their own, between their bytes: a large one may take as long as it needs. */
function limits(config: Config) {
  const headersTimeout = config.integer('couchette', 'headers_timeout')
  return {
    maxHeaderSize: config.integer('couchette', 'max_header_size'),
    headersTimeout,
    connectionsCheckingInterval: Math.min(MAX_CHECK_MS, Math.max(MIN_CHECK_MS, headersTimeout / 2)),
    requestTimeout: 0,
    keepAliveTimeout: config.integer('couchette', 'idle_connection_timeout'),
  }
}

async function listen(server: Server, config: Config, at: ListenAt, connections?: Count): Promise<Listener> {
  const sockets = new Set<Socket>()
  const limit = config.integer('couchette', 'max_connections')
  server.maxConnections = limit
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    connections?.add(1)
    socket.once('close', () => {
      sockets.delete(socket)
      connections?.add(-1)
    })
    if (connections !== undefined && connections.value > limit) socket.destroy()
  })
  const { address, port } = await listening(server, at, config.integer('chttpd', 'backlog'))
  const descriptor = descriptorOf(server)
  const acceptors = new MoreAcceptors(server, descriptor, config.integer('couchette', 'more_acceptors'))
  server.on('connection', () => acceptors.onConnection())
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    acceptors.close()
    return new Promise(resolve => server.close(() => resolve()))
  }
  return {
    address,
    port,
    descriptor,
    stop: () => (stopped ??= stop()),
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function listening(server: Server, at: ListenAt, backlog: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error) =>
      reject('host' in at ? listenError(error, at.host, at.port) : error),
    )
    if ('host' in at) server.listen({ ...at, backlog }, resolve)
    else server.listen({ _handle: at }, backlog, resolve)
  })
  return server.address() as AddressInfo
}

/** A socket's number, where the system has such; Node.js keeps it in a member that it does not document. */
function descriptorOf(server: Server): number | undefined {
  const { _handle: handle } = server as Server & { _handle?: { fd?: number } | null }
  const descriptor = handle?.fd
  return descriptor !== undefined && descriptor >= 0 ? descriptor : undefined
}
