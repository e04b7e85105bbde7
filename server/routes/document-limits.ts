import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import type { DocId } from '../../protocol/document-id.ts'
import { checkPartitionedId, requirePartition } from '../../protocol/partition.ts'
import type { Database } from '../database/database.ts'
import type { RequestContext } from '../http/context.ts'

/** What is configured now. */
export function documentLimits(ctx: RequestContext): Required<DocumentLimits> {
  const { config } = ctx.services
  return {
    maxSize: config.integer('couchdb', 'max_document_size'),
    maxIdBytes: config.integer('couchdb', 'max_document_id_length'),
    maxDepth: config.integer('couchette', 'max_document_depth'),
    maxAttachments: config.integer('couchette', 'max_document_attachments'),
    maxRevisions: config.integer('couchette', 'max_document_revisions'),
  }
}

/** @throws `illegal_docid` where the database cannot have a document of that id to look at */
export function checkSoughtId(database: Database, id: string): void {
  if (database.record.partitioned) requirePartition(id)
}

/** @throws `illegal_docid`, `illegal_partition` where the database takes no document of that id */
export function checkIdIn(database: Database, id: DocId): void {
  if (database.record.partitioned) checkPartitionedId(id)
}
