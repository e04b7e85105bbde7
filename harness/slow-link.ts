import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Link {
  /** The target's URL by way of the link. */
  readonly url: string
  /** Bytes that came from the server so far. */
  readonly received: number
  /** Bytes that went to the server so far. */
  readonly sent: number
  close(): void
}

/** One direction of a link: bytes leave in order, at its rate, and arrive after its delay. */
class Lane {
  readonly #bytesPerMs: number
  readonly #delayMs: number
  #freeAt = 0
  carried = 0

  constructor(bitsPerSecond: number, delayMs: number) {
    this.#bytesPerMs = bitsPerSecond / 8000
    this.#delayMs = delayMs
  }

  carry(from: Socket, to: Socket): void {
    // Timers of different lengths do not fire in the order of their times: each sends what is first.
    const under: Buffer[] = []
    const arrive = (): void => {
      const first = under.shift()
      if (first) to.write(first)
    }
    from.on('data', (chunk: Buffer) => {
      this.carried += chunk.length
      this.#freeAt = Math.max(performance.now(), this.#freeAt) + chunk.length / this.#bytesPerMs
      const wait = this.#freeAt - performance.now()
      // A sender that is far ahead of the link waits, as the window of TCP makes it.
      if (wait > this.#delayMs) {
        from.pause()
        setTimeout(() => from.resume(), wait - this.#delayMs)
      }
      under.push(chunk)
      setTimeout(arrive, wait + this.#delayMs)
    })
    from.on('end', () =>
      setTimeout(
        () => {
          for (const rest of under.splice(0)) to.write(rest)
          to.end()
        },
        Math.max(0, this.#freeAt - performance.now()) + this.#delayMs + 1,
      ),
    )
    from.on('error', () => to.destroy())
  }
}

/** A link of that rate and round trip in front of a server; all connections share its rate. */
export async function slowLink(target: string, bitsPerSecond: number, roundTripMs: number): Promise<Link> {
  const { hostname, port, username, password } = new URL(target)
  const lanes = [0, 1].map(() => new Lane(bitsPerSecond, roundTripMs / 2)) as [Lane, Lane]
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(Number(port), hostname)
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      sockets.add(socket.on('close', () => sockets.delete(socket)))
    }
    lanes[0].carry(near, far)
    lanes[1].carry(far, near)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://${username}:${password}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    get received() {
      return lanes[1].carried
    },
    get sent() {
      return lanes[0].carried
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
