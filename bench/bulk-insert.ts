import { rateOf } from './timing.ts'
import type { Work } from './work.ts'

/** Durable inserts, 1,000 documents a request, two requests at a time. */
export const bulkInsert: Work = {
  name: 'bulk-insert',
  unit: 'docs/s',
  ceiling: 'level batches',
  wanted: 0.45,
  measure: async target => {
    const name = await target.database()
    const bodies = target.bodies()
    return rateOf(target.documents, async () => void (await target.bulk(name, bodies)))
  },
}

/** Durable updates of all documents of a database, in the same way. */
export const bulkUpdate: Work = {
  name: 'bulk-update',
  unit: 'docs/s',
  ceiling: 'level batches',
  wanted: 0.3,
  measure: async target => {
    const name = await target.database()
    const rows = await target.bulk(name, target.bodies())
    const bodies = target.bodies(new Map(rows.map(({ id, rev }) => [id, rev])))
    return rateOf(target.documents, async () => void (await target.bulk(name, bodies)))
  },
}
