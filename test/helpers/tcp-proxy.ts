import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Passes connections on to a port of loopback, until it is told to cut them. */
export class TcpProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #target: number
  #isCut = false

  /** @param host address at which it listens */
  static async start(target: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    proxy.#server.listen(0, host)
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer(client => this.#pass(client))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts all connections, and refuses others until {@link mend}: bytes on their way are lost. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#isCut = false
  }

  /** Passes new connections on to another port, and cuts those to the old one. */
  retarget(port: number): void {
    this.#target = port
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pass(client: Socket): void {
    if (this.#isCut) {
      client.destroy()
      return
    }
    const upstream = connect(this.#target, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
}
