import type { Database } from '../database/database.ts'
import { Space } from '../storage/keys.ts'

const AT_ONCE = 10_000

/**
 * How many documents have changed behind a sequence, up to another: each counts once, at its latest change.
 */
export async function countChanges(database: Database, after: number, upTo: number): Promise<number> {
  const { seq, docs, deletedDocs } = database.state
  if (after <= 0 && upTo >= seq) return docs + deletedDocs
  if (after >= upTo) return 0
  const { keys, store } = database
  const iterator = store.keys({
    gte: keys.number(Space.change, after + 1),
    lte: keys.number(Space.change, upTo),
  })
  let count = 0
  try {
    for (;;) {
      const page = await iterator.nextv(AT_ONCE)
      if (page.length === 0) return count
      count += page.length
    }
  } finally {
    await iterator.close()
  }
}
