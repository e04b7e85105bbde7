import { Pool } from 'undici'
import type { Dispatcher } from 'undici'

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

export interface Drained {
  readonly status: number
  readonly bytes: number
  /** Line ends: long answers have one row a line. */
  readonly lines: number
}

interface Sink {
  readonly take: (chunk: Buffer) => void
  /** The content type of the body. Default: JSON. */
  readonly type?: string | undefined
}

/** A keep-alive client that costs little beside the server that it measures: no stream and no headers object. */
export class Client {
  readonly #pool: Pool
  readonly #headers: Record<string, string>

  /** @param url the server's; credentials in it are sent as Basic authentication */
  constructor(url: string, connections: number) {
    const { origin, headers } = target(url)
    this.#headers = { accept: 'application/json', 'content-type': 'application/json', ...headers }
    this.#pool = new Pool(origin, { connections, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 })
  }

  async send(method: string, path: string, body?: string | Buffer, type?: string): Promise<Answer> {
    const chunks: Buffer[] = []
    const status = await this.#dispatch(method, path, body, { take: chunk => chunks.push(chunk), type })
    return { status, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }
  }

  /** Sends, and parses an answer that must have that status. */
  async json<Body>(method: string, path: string, status: number, body?: string | Buffer): Promise<Body> {
    const answer = await this.send(method, path, body)
    if (answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString()}`)
    return JSON.parse(answer.body.toString()) as Body
  }

  /** Reads a long answer without keeping it. */
  async drain(method: string, path: string, body?: string | Buffer): Promise<Drained> {
    let bytes = 0
    let lines = 0
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
    }
    const status = await this.#dispatch(method, path, body, { take })
    return { status, bytes, lines }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  #dispatch(
    method: string,
    path: string,
    body: string | Buffer | undefined,
    { take, type }: Sink,
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      let status = 0
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode) => void (status = statusCode),
        onResponseData: (_controller, chunk) => take(chunk),
        onResponseEnd: () => resolve(status),
        onResponseError: (_controller, error) => reject(error),
      }
      const headers = type === undefined ? this.#headers : { ...this.#headers, 'content-type': type }
      this.#pool.dispatch({ method, path, headers, body: body ?? null }, handler)
    })
  }
}

/** Splits the credentials from a server's URL, as the header that carries them. */
export function target(url: string): { origin: string; headers: Record<string, string> } {
  const { origin, username, password } = new URL(url)
  if (username === '') return { origin, headers: {} }
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { origin, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } }
}

/** Works through the items with so many hands at once. */
export async function inParallel<Item>(
  hands: number,
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]()
  const hand = async () => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: hands }, hand))
}
