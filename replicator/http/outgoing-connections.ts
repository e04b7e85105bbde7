import type { Socket } from 'node:net'

/** Both ends of a connection: no two have the same. */
export interface Ends {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

/**
 * The connections that replications have made, so that a server which is asked by its own replications knows them:
 * nobody else can have a connection with the same two ends.
 */
export class OutgoingConnections {
  readonly #open = new Set<string>()

  /** Notes a connection until it is closed. */
  add(socket: Ends & Pick<Socket, 'once'>): void {
    const { localAddress, localPort, remoteAddress, remotePort } = socket
    const ends = { localAddress, localPort, remoteAddress, remotePort }
    this.opened(ends)
    socket.once('close', () => this.closed(ends))
  }

  /** Notes a connection that another thread has made, until {@link closed}. */
  opened(ends: Ends): void {
    this.#open.add(keyOf(ends))
  }

  closed(ends: Ends): void {
    this.#open.delete(keyOf(ends))
  }

  /** Returns whether an incoming connection is one of these, seen from its other end. */
  has({ localAddress, localPort, remoteAddress, remotePort }: Ends): boolean {
    if (this.#open.size === 0) return false
    return this.#open.has(
      keyOf({
        localAddress: remoteAddress,
        localPort: remotePort,
        remoteAddress: localAddress,
        remotePort: localPort,
      }),
    )
  }
}

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Ends): string {
  return `${plain(localAddress)} ${localPort} ${plain(remoteAddress)} ${remotePort}`
}

/** IPv4 has another form on sockets that take both. */
function plain(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
