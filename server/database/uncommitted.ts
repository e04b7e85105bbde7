import type { DocId } from '../../protocol/document-id.ts'
import type { StoredAttachment } from './body-record.ts'
import type { DocumentInCommit } from './commit.ts'

/** What the next commit must know of the one that is still syncing. */
export interface Uncommitted {
  /** Undefined for a document that was removed. */
  readonly documents: ReadonlyMap<DocId, DocumentInCommit | undefined>
  /** The attachments of stored bodies that have some, by the body's number. */
  readonly attachments: ReadonlyMap<number, readonly StoredAttachment[]>
}

export const NOTHING_UNCOMMITTED: Uncommitted = { documents: new Map(), attachments: new Map() }
