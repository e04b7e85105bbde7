import type { DocumentLimits } from '../../protocol/document/document-input.ts'
import type { RequestContext } from '../http/context.ts'

/** What is configured now. */
export function documentLimits(ctx: RequestContext): Required<DocumentLimits> {
  const { config } = ctx.services
  return {
    maxSize: config.integer('couchdb', 'max_document_size'),
    maxIdBytes: config.integer('couchdb', 'max_document_id_length'),
  }
}
