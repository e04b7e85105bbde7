import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** A client's connection to a proxy, which can end in the middle of what is written to it. */
export class Line extends Duplex {
  readonly #socket: Socket
  #left = Infinity
  #end: 'cut' | 'stall' = 'cut'

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', chunk => {
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('close', () => this.destroy())
    socket.on('error', () => this.destroy())
  }

  /** Lets so many more bytes through; with those that follow it is cut, or keeps them for itself. */
  endAfter(bytes: number, end: 'cut' | 'stall'): void {
    this.#left = bytes
    this.#end = end
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const part = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= part.length
    const ends = part.length < chunk.length
    this.#socket.write(part, () => {
      if (!ends) done()
      else if (this.#end === 'cut') this.destroy()
    })
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.#socket.destroy()
    done()
  }
}
