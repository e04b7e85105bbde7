import type { Socket } from 'node:net'
import { PeerError } from '../peer-error.ts'

/** Counts what a broker sends, piece by piece, and refuses what its client would have to keep although it is too long. */
export interface FrameReader {
  /** @throws PeerError */
  read(chunk: Uint8Array): void
}

/**
 * The sockets of one client of a broker. Clients keep a message until all of it has come and believe the length that a broker
 * announces: here bytes are counted before the client has them, and all sockets can be ended at once.
 */
export class GuardedSockets {
  readonly #sockets = new Set<Socket>()
  #isDestroyed = false
  #failure: PeerError | undefined

  /** The reason for which the sockets were ended by what the broker sent. */
  get failure(): PeerError | undefined {
    return this.#failure
  }

  /** Watches a socket from its first byte on; one that comes after the end is ended. */
  watch(socket: Socket, frames: FrameReader): void {
    if (this.#isDestroyed) {
      socket.on('error', () => undefined)
      socket.destroy(this.#failure ?? new Error('the connection was closed'))
      return
    }
    this.#sockets.add(socket)
    // Clients remove the listeners of sockets; every byte that is received goes through `push`.
    const push = socket.push.bind(socket)
    socket.push = (chunk: unknown, encoding?: BufferEncoding) =>
      chunk instanceof Uint8Array && !this.#allows(frames, chunk) ? false : push(chunk, encoding)
  }

  #allows(frames: FrameReader, chunk: Uint8Array): boolean {
    if (this.#isDestroyed) return false
    try {
      frames.read(chunk)
      return true
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#failure = error
      this.destroy()
      return false
    }
  }

  /** Ends the sockets if a signal is aborted while something is awaited. */
  async during<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const abort = (): void => this.destroy()
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try {
      return await work()
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Ends all sockets, and those that the client may open yet. Idempotent. */
  destroy(): void {
    this.#isDestroyed = true
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }
}
