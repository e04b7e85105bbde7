import { renderDocument } from '../../protocol/document/render.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { fail } from '../../protocol/errors.ts'
import type { Rev } from '../../protocol/revision.ts'
import { decodeChangeRecord, rowOf } from '../database/change-record.ts'
import type { Database } from '../database/database.ts'
import { numberOfKey, Space } from '../storage/keys.ts'

export interface ChangesBatch {
  /** JSON text of each row. */
  readonly rows: readonly string[]
  /** The number of the last row's sequence. */
  readonly seq: number
}

const ROWS_AT_A_TIME = 500

/** The rows behind a sequence, in batches, as they stand in the index when reading begins. */
export async function* changesAfter(
  database: Database,
  since: number,
  options: { allLeaves: boolean; limit: number; includeDocs: boolean },
): AsyncGenerator<ChangesBatch> {
  const { lt } = database.keys.range(Space.change)
  const limit = options.limit === Infinity ? -1 : options.limit
  const iterator = database.store.iterator({ gte: database.keys.number(Space.change, since + 1), lt, limit })
  try {
    for (;;) {
      const entries = await iterator.nextv(ROWS_AT_A_TIME)
      const last = entries.at(-1)
      if (last === undefined) return
      const records = entries.map(([, record]) => record)
      const rows = options.includeDocs
        ? await withDocuments(database, records, options.allLeaves)
        : records.map(record => Buffer.from(rowOf(record, options.allLeaves)).toString())
      yield { rows, seq: numberOfKey(last[0]) }
    }
  } finally {
    await iterator.close()
  }
}

async function withDocuments(
  database: Database,
  records: readonly Uint8Array[],
  allLeaves: boolean,
): Promise<string[]> {
  const changes = records.map(decodeChangeRecord)
  const bodies = await database.bodies(changes.map(({ body }) => body))
  return changes.map((change, at) => {
    const body = bodies[at]?.body
    if (body === undefined) throw fail('missing')
    const row = Buffer.from(allLeaves ? change.allLeaves : change.row).toString()
    const parsed = JSON.parse(row) as { id: DocId; changes: [{ rev: Rev }] }
    const doc = renderDocument({ id: parsed.id, rev: parsed.changes[0].rev, deleted: change.deleted, body })
    return `${row.slice(0, -1)},"doc":${doc.toString()}}`
  })
}
