import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { SharedChunk } from './shared-chunk.ts'

/**
 * A reader that takes less than it is given is cut off from the live rows when so many bytes wait for it, and goes on
 * from the index once they are gone. At most these bytes and one chunk of rows, which it shares with all readers, are
 * held for it.
 */
const MOST_WAITING = 64 * 1024

const NOTHING = new Uint8Array(0)

/** Account of the bytes that wait for the reader. */
interface Unread {
  begin(): void
  hold(bytes: number): void
  stalled(): void
  room(): Promise<void>
}

/** The answer of a live feed. It writes to the socket itself: through `ServerResponse` a row costs several times more. */
export class Connection {
  readonly #response: ServerResponse
  readonly #socket: Socket | null
  readonly #unread: Unread
  /** True while a row is sent in pieces: nothing else may come between them. */
  isInRow = false
  #ended = false

  /**
   * @param response whose headers were not sent yet
   * @param unread counts what waits for the reader
   */
  constructor(response: ServerResponse, unread: Unread, onGone: () => void) {
    this.#response = response
    this.#unread = unread
    response.once('close', () => {
      this.#ended = true
      onGone()
    })
    unread.begin()
    response.flushHeaders()
    // An answer in line behind others has no socket yet, and one without chunks, or over HTTP/2, is not framed so: they
    // go the long way.
    this.#socket = response.chunkedEncoding === true ? response.socket : null
    this.#socket?.setNoDelay(true)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Bytes that wait in this process. */
  get waiting(): number {
    return this.#socket?.writableLength ?? this.#response.writableLength
  }

  /** True while the reader takes its rows as fast as they come: less than `MOST_WAITING` bytes wait in its socket. */
  get keepsUp(): boolean {
    return this.waiting < MOST_WAITING
  }

  send(chunk: SharedChunk): void {
    if (this.#ended) return
    if (this.#socket === null) this.#response.write(chunk.rows)
    else this.#socket.write(chunk.framed)
  }

  /** Sends a heartbeat, where one may come. */
  beat(heartbeat: SharedChunk): void {
    if (!this.isInRow) this.send(heartbeat)
  }

  /** Resolves when what was sent has left this process, or the reader is gone. */
  async drained(): Promise<void> {
    const { waiting } = this
    if (!this.#ended && waiting > 0) {
      this.#unread.hold(waiting)
      this.#unread.stalled()
      await this.#taken()
    }
    this.#unread.hold(0)
  }

  /** Resolves when there is room for what is to be sent, or the reader is gone. */
  async room(): Promise<void> {
    if (!this.#ended) await this.#unread.room()
  }

  #taken(): Promise<void> {
    const socket = this.#socket
    if (socket !== null) return new Promise(resolve => void socket.write(NOTHING, () => resolve()))
    if (!needsDrain(this.#response)) return Promise.resolve()
    return new Promise(resolve => {
      const settle = (): void => {
        this.#response.off('drain', settle)
        this.#response.off('close', settle)
        resolve()
      }
      this.#response.once('drain', settle)
      this.#response.once('close', settle)
    })
  }

  /** Ends the answer as a whole one. */
  end(last?: Uint8Array): void {
    if (this.#ended) return
    this.#ended = true
    this.#response.end(last)
  }

  /** Breaks the answer off, so that nobody takes it for a whole one. */
  abort(): void {
    this.#ended = true
    this.#response.destroy()
  }
}

/** Node's HTTP/2 answers do not say it themselves; their streams do. */
function needsDrain(response: ServerResponse | Http2ServerResponse): boolean {
  return 'stream' in response ? response.stream.writableNeedDrain : response.writableNeedDrain
}
