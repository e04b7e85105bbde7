import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ConnectionOptions, NatsConnection } from '@nats-io/nats-core'
import { NatsConnectionImpl, setTransportFactory } from '@nats-io/transport-node'
import { NodeTransport, nodeResolveHost } from '@nats-io/transport-node/lib/node_transport.js'

type Watch = (socket: Socket) => void

/** Options of a connection whose sockets are watched. */
export interface WatchedOptions extends ConnectionOptions {
  /** Called with each socket, that of TLS too, before anything is read from it. */
  readonly watch?: Watch
}

/** NATS's transport over TCP and TLS, which shows its sockets to those who watch them. */
class WatchedTransport extends NodeTransport {
  override async dial(at: { hostname: string; port: number }): Promise<Socket> {
    return this.#watched(await super.dial(at))
  }

  override async tlsFirst(at: { hostname: string; port: number }): Promise<TLSSocket> {
    return this.#watched(await super.tlsFirst(at))
  }

  override async startTLS(): Promise<TLSSocket> {
    return this.#watched(await super.startTLS())
  }

  #watched<T extends Socket>(socket: T): T {
    ;(this.options as WatchedOptions).watch?.(socket)
    return socket
  }
}

/**
 * Connects to a NATS server. All connections of this process are made here: the client has one transport for all of them, and
 * its own `connect` would put another in its place.
 */
export function connectNats(options: WatchedOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new WatchedTransport(), dnsResolveFn: nodeResolveHost })
  return NatsConnectionImpl.connect(options)
}
