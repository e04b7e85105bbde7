import { randomBytes } from 'node:crypto'
import { inParallel } from '../harness/client.ts'
import { numbers } from './documents.ts'
import type { Target } from './target.ts'
import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

const CLIENTS = 4
const FINDS = 1000

interface Found {
  readonly docs: readonly unknown[]
}

async function newIndex(target: Target, database: string): Promise<string> {
  const ddoc = `m${randomBytes(4).toString('hex')}`
  const index = { fields: ['place.city', 'count'], partial_filter_selector: { [ddoc]: { $exists: false } } }
  const body = JSON.stringify({ index, ddoc, name: 'i' })
  await target.withClient(1, client => client.json('POST', `/${database}/_index`, 200, body))
  return ddoc
}

async function find(target: Target, database: string, query: object): Promise<Found> {
  const body = JSON.stringify(query)
  return target.withClient(1, client => client.json<Found>('POST', `/${database}/_find`, 200, body))
}

/** A Mango index, built over all documents by its first query. */
export const mangoIndex: Work = {
  name: 'mango-index',
  unit: 'docs/s',
  ceiling: 'level batches',
  wanted: 0.5,
  measure: async target => {
    const database = await target.filled()
    const use_index = await newIndex(target, database)
    const selector = { 'place.city': 'Delft', count: { $gte: 0 } }
    return rateOf(target.documents, async () => {
      const { docs } = await find(target, database, { selector, use_index, limit: 1 })
      if (docs.length !== 1) throw new Error(`${docs.length} documents found`)
    })
  },
}

/** Finds of 25 documents by an index, each other ones. */
export const mangoFind: Work = {
  name: 'mango-find',
  unit: 'requests/s',
  ceiling: 'node:http',
  wanted: 0.2,
  measure: async target => {
    const database = await target.filled()
    const use_index = await newIndex(target, database)
    await find(target, database, { selector: { 'place.city': 'Delft', count: 0 }, use_index })
    return target.withClient(CLIENTS, client =>
      rateOf(FINDS, () =>
        inParallel(CLIENTS, numbers(0, FINDS), async number => {
          const selector = { 'place.city': 'Delft', count: { $gte: number } }
          const body = JSON.stringify({ selector, use_index })
          const { docs } = await client.json<Found>('POST', `/${database}/_find`, 200, body)
          if (docs.length !== 25) throw new Error(`${docs.length} documents found`)
        }),
      ),
    )
  },
}

/** A selector that no index serves, and that nothing matches: every document is looked at. */
export const mangoScan: Work = {
  name: 'mango-scan',
  unit: 'docs/s',
  ceiling: 'level iterator',
  wanted: 0.2,
  measure: async target => {
    const database = await target.filled()
    return rateOf(target.documents, async () => {
      const { docs } = await find(target, database, { selector: { type: 'none', count: { $gt: 5 } } })
      if (docs.length !== 0) throw new Error(`${docs.length} documents found`)
    })
  },
}
