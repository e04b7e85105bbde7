import { randomBytes } from 'node:crypto'
import { inParallel } from '../harness/client.ts'
import { documentId, numbers } from './documents.ts'
import type { Target } from './target.ts'
import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

const CLIENTS = 4
const GROUP_QUERIES = 1000
const WARM_UPDATES = 200

interface ViewAnswer {
  readonly total_rows?: number
  readonly rows: readonly unknown[]
}

/** A design document that no index was built for: its code is like no other's. */
async function newView(target: Target, database: string, reduce?: string): Promise<string> {
  const name = `v${randomBytes(4).toString('hex')}`
  const map = `function (doc) { /* ${name} */ emit([doc.place.city, doc.count], doc.ratio) }`
  const view = reduce === undefined ? { map } : { map, reduce }
  await target.withClient(1, client =>
    client.json(
      'PUT',
      `/${database}/_design/${name}`,
      201,
      JSON.stringify({ autoupdate: false, views: { v: view } }),
    ),
  )
  return `/${database}/_design/${name}/_view/v`
}

async function query(target: Target, path: string): Promise<ViewAnswer> {
  return target.withClient(1, client => client.json<ViewAnswer>('GET', path, 200))
}

/** A JavaScript view, built over all documents by its first query. */
export const viewBuild: Work = {
  name: 'view-build',
  unit: 'docs/s',
  ceiling: 'level batches',
  wanted: 0.2,
  measure: async target => {
    const path = await newView(target, await target.filled())
    return rateOf(target.documents, async () => {
      const { total_rows } = await query(target, `${path}?limit=1`)
      if (total_rows !== target.documents) throw new Error(`${total_rows} rows in the view`)
    })
  },
}

/** All rows of a built view, in one answer. */
export const viewRows: Work = {
  name: 'view-rows',
  unit: 'rows/s',
  ceiling: 'level iterator',
  wanted: 0.5,
  measure: async target => {
    const path = await newView(target, await target.filled())
    await query(target, `${path}?limit=1`)
    return target.withClient(1, client =>
      rateOf(target.documents, async () => {
        const { status, body } = await client.send('GET', path)
        if (status !== 200 || body.length < target.documents * 50) throw new Error(`view: ${status}`)
      }),
    )
  },
}

/** Group queries over parts of a view that was reduced before, each another part. */
export const viewGroups: Work = {
  name: 'view-groups',
  unit: 'requests/s',
  ceiling: 'node:http',
  wanted: 0.1,
  measure: async target => {
    const path = await newView(target, await target.filled(), '_stats')
    await query(target, `${path}?limit=1`)
    return target.withClient(CLIENTS, client =>
      rateOf(GROUP_QUERIES, () =>
        inParallel(CLIENTS, numbers(0, GROUP_QUERIES), async number => {
          const start = encodeURIComponent(JSON.stringify(['Aarhus', number]))
          const { rows } = await client.json<ViewAnswer>(
            'GET',
            `${path}?group_level=1&start_key=${start}`,
            200,
          )
          if (rows.length === 0) throw new Error('no groups')
        }),
      ),
    )
  },
}

/** A write, and the query that takes it up, one after the other. */
export const viewUpdates: Work = {
  name: 'view-updates',
  unit: 'requests/s',
  ceiling: 'node:http',
  wanted: 0.01,
  measure: async target => {
    // Of its own: the others count the documents.
    const database = await target.database()
    await target.bulk(database, target.bodies())
    const path = await newView(target, database, '_count')
    await query(target, `${path}?limit=1`)
    return target.withClient(1, client =>
      rateOf(WARM_UPDATES, async () => {
        for (const number of numbers(0, WARM_UPDATES)) {
          const body = JSON.stringify({ place: { city: 'Zadar' }, count: number, ratio: 1 })
          await client.json(
            'PUT',
            `/${database}/${documentId(number)}-${randomBytes(6).toString('hex')}`,
            201,
            body,
          )
          await client.json('GET', `${path}?reduce=false&limit=1`, 200)
        }
      }),
    )
  },
}
