import { randomBytes } from 'node:crypto'
import { Pool } from 'undici'
import { inParallel, target } from '../harness/client.ts'
import { numbers } from './documents.ts'
import { rateOf } from './timing.ts'

const CLIENTS = 4
const MEGABYTE = 1_000_000

/** So many different files of random bytes, to be sent to a server and fetched from it. */
export interface Files {
  readonly size: number
  readonly count: number
  /** Path of the file on the server. */
  readonly path: (number: number) => string
}

/** Sends files and fetches them back, four at a time, and gives megabytes a second. */
export class Transfer {
  readonly #pool: Pool
  readonly #headers: Record<string, string>
  readonly #files: Files
  readonly #bytes: Buffer

  /** @param url the server's; credentials in it are sent as Basic authentication */
  constructor(url: string, files: Files) {
    const { origin, headers } = target(url)
    this.#pool = new Pool(origin, { connections: CLIENTS, bodyTimeout: 0, headersTimeout: 0 })
    this.#headers = { ...headers, 'content-type': 'application/octet-stream' }
    this.#files = files
    this.#bytes = randomBytes(files.size + files.count)
  }

  up(): Promise<number> {
    return this.#each(async (path, bytes) => {
      const { statusCode, body } = await this.#pool.request({
        method: 'PUT',
        path,
        headers: this.#headers,
        body: bytes,
      })
      await body.dump()
      if (statusCode !== 201) throw new Error(`PUT ${path}: ${statusCode}`)
    })
  }

  down(): Promise<number> {
    return this.#each(async (path, bytes) => {
      const { body } = await this.#pool.request({ method: 'GET', path, headers: this.#headers })
      let length = 0
      for await (const chunk of body as AsyncIterable<Buffer>) length += chunk.length
      if (length !== bytes.length) throw new Error(`GET ${path}: ${length} bytes`)
    })
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  #each(work: (path: string, bytes: Buffer) => Promise<void>): Promise<number> {
    const { size, count, path } = this.#files
    return rateOf((size * count) / MEGABYTE, () =>
      inParallel(CLIENTS, numbers(0, count), number =>
        work(path(number), this.#bytes.subarray(number, number + size)),
      ),
    )
  }
}
