import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** The way to a member from another one. */
export interface Distance {
  readonly roundTripMs: number
  /** Part of the pieces that are lost and sent again, from 0 to 1: what follows them waits. */
  readonly loss?: number
}

/** A sender notices a loss after a round trip and this, as TCP's least timeout is. */
const RETRANSMIT_MS = 200
const MOST_HEAD_BYTES = 16 * 1024
const TOKEN = /\r\nauthorization: Couchette-Mesh [^.\r]+\.([^.\r]+)\./i

/**
 * A proxy in front of a member of a mesh, as far away from each other member as it is told: the tokens of their requests say
 * whose connection it is. A connection costs a round trip, and so do losses. No rates, no order of packets beneath TCP.
 */
export class MemberLink {
  /** Bytes both ways, by the ids of members; "" is for connections without a token. */
  readonly traffic = new Map<string, number>()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #distanceOf: (member: string) => Distance

  static async start(target: number, distanceOf: (member: string) => Distance): Promise<MemberLink> {
    const link = new MemberLink(target, distanceOf)
    link.#server.listen(0, '127.0.0.1')
    await once(link.#server, 'listening')
    return link
  }

  private constructor(target: number, distanceOf: (member: string) => Distance) {
    this.#distanceOf = distanceOf
    this.#server = createServer(client => this.#accept(client, target))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  #accept(client: Socket, target: number): void {
    this.#watch(client)
    const head: Buffer[] = []
    const listen = (piece: Buffer): void => {
      head.push(piece)
      const text = Buffer.concat(head).toString('latin1')
      if (!text.includes('\r\n\r\n') && text.length < MOST_HEAD_BYTES) return
      client.off('data', listen)
      client.pause()
      this.#pass(client, target, Buffer.concat(head), memberOf(text))
    }
    client.on('data', listen)
  }

  #pass(client: Socket, target: number, head: Buffer, member: string): void {
    const upstream = connect(target, '127.0.0.1')
    this.#watch(upstream)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    const [there, back] = [this.#lane(upstream, member), this.#lane(client, member)]
    this.#after(this.#distanceOf(member).roundTripMs, () => {
      there(head)
      client.on('data', there)
      upstream.on('data', back)
      client.resume()
    })
  }

  /** Returns what hands pieces on, in their order, each after its time. */
  #lane(to: Socket, member: string): (piece: Buffer) => void {
    let lastAt = 0
    const waiting: Buffer[] = []
    return piece => {
      this.traffic.set(member, (this.traffic.get(member) ?? 0) + piece.length)
      const { roundTripMs, loss = 0 } = this.#distanceOf(member)
      const late = Math.random() < loss ? RETRANSMIT_MS + roundTripMs : 0
      lastAt = Math.max(lastAt, performance.now() + roundTripMs / 2 + late)
      // Timers of different lengths do not fire in the order of their times: each hands on what is first.
      waiting.push(piece)
      this.#after(lastAt - performance.now(), () => void to.write(waiting.shift()!))
    }
  }

  #after(ms: number, run: () => void): void {
    if (ms <= 0) return run()
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
  }

  #watch(socket: Socket): void {
    socket.setNoDelay(true)
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

function memberOf(head: string): string {
  const payload = TOKEN.exec(head)?.[1]
  if (payload === undefined) return ''
  const { iss } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss?: unknown }
  return typeof iss === 'string' ? iss : ''
}
