import type { ExecutionContext } from 'ava'
import type { CouchetteOptions } from '../../../server/main.ts'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

interface JobDocument {
  readonly state: string
  readonly info: ({ readonly error?: string } & Readonly<Record<string, unknown>>) | null
}

type Setting = NonNullable<CouchetteOptions['settings']>[number]

/** A server whose jobs are impatient, and the requests that tests of streams make. */
export class JobServer {
  #server: RunningServer | undefined

  get url(): string {
    return this.#server?.url ?? ''
  }

  /** @param more settings besides those of all */
  async start(more: readonly Setting[] = []): Promise<void> {
    this.#server = await startServer({
      settings: [
        { section: 'replicator', key: 'crash_backoff', value: '200' },
        { section: 'replicator', key: 'checkpoint_interval', value: '200' },
        { section: 'replicator', key: 'interval', value: '500' },
        { section: 'couchette', key: 'kafka_partition_interval', value: '200' },
        ...more,
      ],
    })
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }

  /** Makes two databases, NAME-a and NAME-b. @returns the function that gives the URL of a database */
  readonly makePair = async (t: ExecutionContext, name: string): Promise<(database: string) => string> => {
    for (const database of [`${name}-a`, `${name}-b`])
      t.is((await call(this.url, 'PUT', `/${database}`)).status, 201)
    return database => `${this.url}/${database}`
  }

  readonly putJob = async (id: string, job: object): Promise<void> => {
    await call(this.url, 'PUT', '/_replicator')
    await call(this.url, 'PUT', `/_replicator/${id}`, { json: job })
  }

  readonly jobOf = async (id: string): Promise<JobDocument> =>
    (await call<JobDocument>(this.url, 'GET', `/_scheduler/docs/_replicator/${id}`)).body

  /** Returns the documents of a database as "ID REV", in the order of their ids. */
  readonly ids = async (database: string): Promise<string[]> => {
    const { body } = await call<{ rows: { id: string; value: { rev: string } }[] }>(
      this.url,
      'GET',
      `/${database}/_all_docs`,
    )
    return body.rows.map(({ id, value }) => `${id} ${value.rev}`)
  }

  readonly bulk = (database: string, docs: readonly object[]) =>
    call(this.url, 'POST', `/${database}/_bulk_docs`, { json: { docs } })
}
