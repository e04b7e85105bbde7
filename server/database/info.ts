import { formatSeq } from '../../protocol/sequence.ts'
import { KeySpace } from '../storage/keys.ts'
import { databaseSizes, DOCUMENT_OVERHEAD } from './maintenance/database-sizes.ts'
import type { Database } from './database.ts'
import { DocumentSummary } from './documents/document-record.ts'
import { STORAGE } from './storage-of.ts'

/**
 * Returns the answer to `GET /db`, with 3.5's members in its order. Documents in conflict are counted in `sizes`, where there
 * are some, and a masked copy says that it is one: recorded answers of CouchDB hold everywhere else.
 */
export async function databaseInfo(database: Database): Promise<object> {
  const { state, record } = database
  const sizes = await databaseSizes(database[STORAGE], state)
  return {
    instance_start_time: String(record.created),
    db_name: database.name,
    purge_seq: formatSeq(state.purgeSeq, record.instance),
    update_seq: database.seq,
    sizes: { ...sizes, ...(state.conflicts === 0 ? {} : { conflicts: state.conflicts }) },
    props: record.partitioned ? { partitioned: true } : {},
    doc_del_count: state.deletedDocs,
    doc_count: state.docs,
    disk_format_version: 8,
    compact_running: database.compaction.running,
    cluster: { q: record.shards ?? 1, n: 1, w: 1, r: 1 },
    ...(state.follower?.mask === undefined ? {} : { masked: true }),
  }
}

const RECORDS_AT_A_TIME = 1000

/** Returns the body of `GET /{db}/_partition/{name}`; reads the records of all documents of the partition to count them. */
export async function partitionInfo(database: Database, partition: string): Promise<object> {
  const { store, keys } = database[STORAGE]
  const key = (id: string) => keys.text(KeySpace.document, id)
  const iterator = store.values({ gte: key(`${partition}:`), lt: key(`${partition};`) })
  const counted = { docs: 0, deletedDocs: 0, external: 0 }
  try {
    for (;;) {
      const records = await iterator.nextv(RECORDS_AT_A_TIME)
      if (records.length === 0) break
      for (const record of records) {
        const { deleted, size } = new DocumentSummary(record)
        counted[deleted ? 'deletedDocs' : 'docs'] += 1
        counted.external += size
      }
    }
  } finally {
    await iterator.close()
  }
  const active = counted.external + (counted.docs + counted.deletedDocs) * DOCUMENT_OVERHEAD
  return {
    db_name: database.name,
    sizes: { active, external: counted.external },
    partition,
    doc_count: counted.docs,
    doc_del_count: counted.deletedDocs,
  }
}
