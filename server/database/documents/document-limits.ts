import type { DocumentLimits } from '../../../protocol/document/document-input.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import { checkPartitionedId } from '../../../protocol/partition.ts'
import type { Config } from '../../config/config.ts'
import type { Database } from '../database.ts'

/** Returns what the configuration allows of a document, as it is configured now. */
export function configuredDocumentLimits(config: Config): Required<DocumentLimits> {
  return {
    maxSize: config.integer('couchdb', 'max_document_size'),
    maxIdBytes: config.integer('couchdb', 'max_document_id_length'),
    maxDepth: config.integer('couchette', 'max_document_depth'),
    maxAttachments: config.integer('couchette', 'max_document_attachments'),
    maxRevisions: config.integer('couchette', 'max_document_revisions'),
  }
}

/** @throws `illegal_docid`, `illegal_partition` where the database takes no document of that id */
export function checkIdIn(database: Database, id: DocId): void {
  if (database.record.partitioned) checkPartitionedId(id)
}
