import type { DocumentLimits } from '../../../protocol/document/document-input.ts'
import { requirePartition } from '../../../protocol/partition.ts'
import type { Database } from '../../database/database.ts'
import { configuredDocumentLimits } from '../../database/documents/document-limits.ts'
import type { RequestContext } from '../context.ts'

export { checkIdIn } from '../../database/documents/document-limits.ts'

/** Returns the limits on documents as configured now. */
export function documentLimits(ctx: RequestContext): Required<DocumentLimits> {
  return configuredDocumentLimits(ctx.services.config)
}

/** @throws `illegal_docid` where the database cannot have a document of that id to look at */
export function checkRequestedId(database: Database, id: string): void {
  if (database.record.partitioned) requirePartition(id)
}
