import { randomBytes } from 'node:crypto'
import type { Client } from '../../harness/client.ts'
import type { Target } from '../target.ts'

/** Map functions of people who mean no good, or know no better. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  loop: 'function (doc) { while (true) {} }',
  allocation: 'function (doc) { var all = []; while (true) all.push(new Array(1000).fill(doc._id)) }',
  recursion: 'function (doc) { (function again() { again() })() }',
  sort: 'function (doc) { var all = []; for (var i = 0; i < 3e6; i++) all.push(-i); all.sort() }',
  output: 'function (doc) { for (var i = 0; ; i++) emit(i, doc) }',
}

const DOCUMENTS = 500

/** Builds of hostile views, one after the other and all beside each other, until they are told to stop. */
export class HostileBuilds {
  readonly #queries: readonly Promise<void>[]
  #isOver = false
  failures = 0

  static async start(target: Target, client: Client): Promise<HostileBuilds> {
    const database = await target.database()
    const docs = Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: `d${n}` }))
    await client.json('POST', `/${database}/_bulk_docs`, 201, JSON.stringify({ docs }))
    return new HostileBuilds(client, database)
  }

  private constructor(client: Client, database: string) {
    this.#queries = Object.entries(FUNCTIONS).map(([name, map]) => this.#again(client, database, name, map))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#queries)
  }

  /** A new design document each time, so that nothing is known of it. */
  async #again(client: Client, database: string, name: string, map: string): Promise<void> {
    while (!this.#isOver) {
      const ddoc = `/${database}/_design/${name}-${randomBytes(4).toString('hex')}`
      const views = { v: { map: `${map} // ${ddoc}` } }
      await client.json('PUT', ddoc, 201, JSON.stringify({ autoupdate: false, views }))
      const { status } = await client.send('GET', `${ddoc}/_view/v`)
      if (status >= 500) this.failures++
      else if (name !== 'recursion') throw new Error(`the view ${name} was answered with ${status}`)
    }
  }
}
