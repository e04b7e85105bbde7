import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { target } from '../../harness/client.ts'
import { eventually } from './eventually.ts'

export interface FeedRow {
  readonly seq: string
  readonly id: string
  readonly changes: readonly { readonly rev: string }[]
  readonly deleted?: true
}

/** A client of a continuous feed on a connection of its own, which can stop reading, and go away. */
export class ContinuousFeed {
  readonly #request: ClientRequest
  readonly #answer: IncomingMessage
  #text = ''
  #ended = false
  readonly #lines: string[] = []

  /** Returns when the answer has begun. */
  static async open(url: string, path: string): Promise<ContinuousFeed> {
    const { headers } = target(url)
    const opening = request(new URL(path, url), { agent: false, headers })
    opening.end()
    const [answer] = (await once(opening, 'response')) as [IncomingMessage]
    return new ContinuousFeed(opening, answer)
  }

  private constructor(opening: ClientRequest, answer: IncomingMessage) {
    this.#request = opening
    this.#answer = answer
    opening.on('error', () => undefined)
    answer.setEncoding('latin1')
    answer.on('data', (text: string) => this.#take(text))
    answer.on('error', () => undefined)
    answer.once('close', () => (this.#ended = true))
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Lines that are JSON objects: not those of heartbeats. */
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
    this.#answer.pause()
  }

  resume(): void {
    this.#answer.resume()
  }

  close(): void {
    this.#request.destroy()
  }

  #take(text: string): void {
    this.#text += text
    const lines = this.#text.split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) this.#lines.push(line)
  }
}
