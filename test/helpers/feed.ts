import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { target } from '../../harness/client.ts'
import { eventually } from './eventually.ts'

export interface FeedRow {
  readonly seq: string
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
  readonly deleted?: true
}

/** A client of a continuous feed on a socket of its own, which can stop reading, and go away. */
export class ContinuousFeed {
  readonly #socket: Socket
  #text = ''
  #ended = false
  readonly #lines: string[] = []

  /** Returns when the answer has begun. */
  static async open(url: string, path: string): Promise<ContinuousFeed> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const { authorization = '' } = target(url).headers
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: ${authorization}\r\n\r\n`)
    const [head] = (await once(socket, 'data')) as [Buffer]
    return new ContinuousFeed(socket, head)
  }

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket
    socket.on('data', chunk => this.#take(chunk.toString('latin1')))
    socket.on('error', () => undefined)
    socket.once('close', () => (this.#ended = true))
    const text = head.toString('latin1')
    this.#take(text.slice(text.indexOf('\r\n\r\n') + 4))
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Lines that are not empty; those of chunked framing are no JSON objects, and left out. */
  get lines(): readonly string[] {
    return this.#lines
  }

  get rows(): readonly FeedRow[] {
    return this.#lines.map(line => JSON.parse(line) as FeedRow).filter(({ id }) => id !== undefined)
  }

  async untilRows(count: number): Promise<readonly FeedRow[]> {
    await eventually(`${count} rows`, () => this.#lines.length >= count)
    return this.rows
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#text += text
    const lines = this.#text.split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) this.#lines.push(line)
  }
}
