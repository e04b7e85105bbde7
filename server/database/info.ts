import { formatSeq } from '../../protocol/sequence.ts'
import { Space } from '../storage/keys.ts'
import { approximateSize } from '../storage/upkeep.ts'
import type { Database } from './database.ts'
import { DocumentSummary } from './document-record.ts'

/** What `GET /db` tells, with 3.5's members in its order. */
export async function databaseInfo(database: Database): Promise<object> {
  const { state, record } = database
  return {
    instance_start_time: String(record.created),
    db_name: database.name,
    purge_seq: formatSeq(state.purgeSeq, record.instance),
    update_seq: database.seq,
    sizes: await sizes(database),
    props: record.partitioned ? { partitioned: true } : {},
    doc_del_count: state.deletedDocs,
    doc_count: state.docs,
    disk_format_version: 8,
    compact_running: database.compaction.running,
    cluster: { q: record.shards ?? 1, n: 1, w: 1, r: 1 },
  }
}

/** About what a document's record, changes row and keys take beside its body. */
const DOCUMENT_OVERHEAD = 200

/** About what a database takes beside its documents. */
const DATABASE_OVERHEAD = 4096

/**
 * `external`: the documents' JSON and attachments; `active`: what is in use on disk, by estimate, with the bodies that
 * only compaction removes; `file`: what the database takes on disk, what nothing refers to any more included.
 */
async function sizes({ store, keys, state }: Database): Promise<object> {
  const { externalSize, storedSize, docs, deletedDocs } = state
  const active = Math.max(externalSize, storedSize) + (docs + deletedDocs) * DOCUMENT_OVERHEAD
  const onDisk = await approximateSize(store, keys.all())
  return { file: Math.max(onDisk, active + DATABASE_OVERHEAD), external: externalSize, active }
}

const RECORDS_AT_A_TIME = 1000

/** What `GET /db/_partition/NAME` tells: the partition's documents are counted. */
export async function partitionInfo(database: Database, partition: string): Promise<object> {
  const key = (id: string) => database.keys.text(Space.document, id)
  const iterator = database.store.values({ gte: key(`${partition}:`), lt: key(`${partition};`) })
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
