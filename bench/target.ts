import { randomBytes } from 'node:crypto'
import { Client, inParallel } from '../harness/client.ts'
import { bulkBodies } from './documents.ts'

const PER_REQUEST = 1000
const REQUESTS_AT_ONCE = 2

export type BulkRow = {
  readonly id: string
  readonly rev: string
  readonly ok?: true
  readonly error?: string
}

/** The server that is measured, and the databases that the works made on it. */
export class Target {
  readonly url: string
  /** How many documents a work writes or reads. */
  readonly documents: number
  readonly #databases: string[] = []
  readonly #client: Client
  #filled: Promise<string> | undefined

  constructor(url: string, documents: number) {
    this.url = url
    this.documents = documents
    this.#client = new Client(url, REQUESTS_AT_ONCE)
  }

  /** A client with so many connections of its own, closed after the use. */
  async withClient<Result>(connections: number, use: (client: Client) => Promise<Result>): Promise<Result> {
    const client = new Client(this.url, connections)
    try {
      return await use(client)
    } finally {
      await client.close()
    }
  }

  /** A new database; with CouchDB, of one shard, as Couchette's are. */
  async database(): Promise<string> {
    const name = `bench_${randomBytes(6).toString('hex')}`
    await this.#client.json('PUT', `/${name}?q=1`, 201)
    this.#databases.push(name)
    return name
  }

  /** A database that holds all the documents, for the works that read. */
  filled(): Promise<string> {
    this.#filled ??= this.#fill()
    return this.#filled
  }

  /** Sends bodies of `_bulk_docs`, two at a time, and gives every row of the answers; each must be a success. */
  async bulk(database: string, bodies: Iterable<Buffer>): Promise<BulkRow[]> {
    const answers: BulkRow[][] = []
    await inParallel(REQUESTS_AT_ONCE, bodies, async body => {
      answers.push(await this.#client.json<BulkRow[]>('POST', `/${database}/_bulk_docs`, 201, body))
    })
    const rows = answers.flat()
    const failed = rows.find(({ ok }) => ok !== true)
    if (failed) throw new Error(`_bulk_docs: ${JSON.stringify(failed)}`)
    return rows
  }

  bodies(revs?: ReadonlyMap<string, string>): Buffer[] {
    return bulkBodies(this.documents, PER_REQUEST, revs)
  }

  /** Drops the databases that the works made. */
  async close(): Promise<void> {
    for (const name of this.#databases) await this.#client.send('DELETE', `/${name}`)
    await this.#client.close()
  }

  async #fill(): Promise<string> {
    const name = await this.database()
    await this.bulk(name, this.bodies())
    return name
  }
}
