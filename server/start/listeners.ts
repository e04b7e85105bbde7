import type { TlsCredentials } from '../tls/credentials.ts'
import type { Count } from '../concurrency/shared-count.ts'
import type { Config } from '../config/config.ts'
import { type Listener, listenPlain, listenTls, type RequestHandler } from '../http/connection/listener.ts'

/** Addresses that a server listens on. */
export interface Listening {
  readonly bind: string
  readonly plain: Listener
  readonly tls: Listener | undefined
}

/** The listening sockets of a server. */
export class Listeners {
  readonly #open: Listener[] = []

  /**
   * Listens on `[chttpd] port` and, with credentials, on the port of TLS. If one fails, `end` closes those that are open.
   *
   * @param connections counts connections together with those of other threads
   * @throws {StartError} for an address that cannot be used
   */
  async listen(
    config: Config,
    handle: RequestHandler,
    credentials: TlsCredentials['options'] | undefined,
    connections?: Count,
  ): Promise<Listening> {
    const bind = config.text('chttpd', 'bind_address')
    const tls = credentials && this.add(await listenTls(config, handle, credentials, bind))
    const at = { host: bind, port: config.integer('chttpd', 'port') }
    const plain = this.add(await listenPlain(config, handle, at, connections))
    return { bind, plain, tls }
  }

  /** Adds a socket that is closed with the others. */
  add(listener: Listener): Listener {
    this.#open.push(listener)
    return listener
  }

  /** Takes no more connections; running requests go on. */
  stop(): void {
    for (const listener of this.#open) void listener.stop()
  }

  /** Ends all connections, and resolves when the sockets are closed. */
  async end(): Promise<void> {
    for (const listener of this.#open) listener.cut()
    await Promise.all(this.#open.map(listener => listener.stop()))
  }
}
