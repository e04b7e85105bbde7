import { createServer, type Server } from 'node:net'
import { duplicateDescriptors, type OwnedSocket } from './duplicate-descriptor.ts'

/** Turns of the event loop in a row that brought a connection each, and took so long together, are taken for many clients that wait. */
const TURNS = 16
const TURNS_MS = 100

/**
 * Accepts more connections at a time when many clients come to a server that is busy. libuv accepts one in each turn of the event loop: where
 * turns are long, clients that have just come, and probes among them, would wait for seconds in the system's queue. So the listening
 * socket is duplicated, and each duplicate accepts another one in each turn. Duplicates stay until the server is closed.
 */
export class MoreAcceptors {
  readonly #server: Server
  readonly #descriptor: number | undefined
  readonly #copies: number
  readonly #now: () => number
  readonly #closing = new AbortController()
  readonly #acceptors: Server[] = []
  /** Turns in a row that brought a connection, and when the first was. */
  #turns = { count: 0, began: 0 }
  /** Set while a connection came in this turn or the last. */
  #isRow = false
  #started = false

  /** @param copies duplicates of the listening socket that are made; 0 for none */
  constructor(
    server: Server,
    descriptor: number | undefined,
    copies: number,
    now = (): number => performance.now(),
  ) {
    this.#server = server
    this.#descriptor = descriptor
    this.#copies = copies
    this.#now = now
  }

  /** Sockets that accept connections beside the server's own. */
  get count(): number {
    return this.#acceptors.length
  }

  /** Notes that a connection was accepted in this turn. */
  onConnection(): void {
    if (this.#started || this.#copies <= 0) return
    const now = this.#now()
    if (!this.#isRow) this.#turns = { count: 0, began: now }
    this.#turns.count += 1
    if (this.#turns.count >= TURNS && now - this.#turns.began >= TURNS_MS) void this.#start()
    this.#isRow = true
    const { count } = this.#turns
    // The next turn's connections come between this turn's callbacks and that one's.
    setImmediate(() => setImmediate(() => this.#endRow(count)))
  }

  /** Accepts nothing more. */
  close(): void {
    this.#started = true
    this.#closing.abort()
    for (const acceptor of this.#acceptors) acceptor.close()
  }

  #endRow(count: number): void {
    if (this.#turns.count === count) this.#isRow = false
  }

  async #start(): Promise<void> {
    this.#started = true
    if (this.#descriptor === undefined) return
    const { signal } = this.#closing
    // One that cannot start another process accepts as before.
    const sockets = await duplicateDescriptors(this.#descriptor, this.#copies, signal).catch(() => [])
    for (const socket of sockets) this.#listen(socket)
  }

  #listen(socket: OwnedSocket): void {
    const acceptor = createServer({ allowHalfOpen: true, noDelay: true }, connection =>
      this.#server.emit('connection', connection),
    )
    acceptor.maxConnections = this.#server.maxConnections
    acceptor.on('error', () => acceptor.close())
    acceptor.listen({ _handle: socket })
    this.#acceptors.push(acceptor)
  }
}
