import type { Client } from '../../harness/client.ts'
import type { Target } from '../target.ts'

/** Work of a server beside which requests are timed. */
export interface BesideWork {
  readonly name: string
  /** Makes what it needs, and returns the work. */
  readonly prepare: (target: Target, client: Client) => Promise<() => Promise<void>>
}

/** The view's map, which emits two rows a document. */
const MAP = 'function (doc) { emit(doc.place.city, doc.count); emit(doc.name, null) }'

export const WORKS: readonly BesideWork[] = [
  {
    name: 'replication',
    prepare: async (target, client) => {
      const [from, to] = [await target.filled(), await target.database()]
      const body = JSON.stringify({ source: `${target.url}/${from}`, target: `${target.url}/${to}` })
      return async () => void (await client.json('POST', '/_replicate', 200, body))
    },
  },
  {
    name: 'compaction',
    prepare: async (target, client) => {
      const database = await target.database()
      const rows = await target.bulk(database, target.bodies())
      await target.bulk(database, target.bodies(new Map(rows.map(({ id, rev }) => [id, rev]))))
      return async () => {
        await client.json('POST', `/${database}/_compact`, 202, '{}')
        do await new Promise(resolve => setTimeout(resolve, 100))
        while ((await client.json<{ compact_running: boolean }>('GET', `/${database}`, 200)).compact_running)
      }
    },
  },
  {
    name: 'view',
    prepare: async (target, client) => {
      const ddoc = `/${await target.filled()}/_design/beside`
      const views = { v: { map: MAP, reduce: '_count' } }
      await client.json('PUT', ddoc, 201, JSON.stringify({ autoupdate: false, views }))
      return async () => void (await client.json('GET', `${ddoc}/_view/v`, 200))
    },
  },
]
