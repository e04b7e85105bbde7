import type { DocumentInput } from '../../../protocol/document/document-input.ts'
import type { DocId } from '../../../protocol/document-id.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { UserContext } from '../../../protocol/user-context.ts'
import type { ReceivedAttachment } from '../../attachments/upload.ts'

/** A document to be written, under the id and on the revision that the request as a whole names. */
export interface DocumentToWrite {
  readonly id: DocId
  readonly input: Omit<DocumentInput, 'rev'> & { readonly rev: Rev | undefined }
  /**
   * The id of the revision that the edit makes, computed by the thread that parsed it: right where it replaces `input.rev`, or
   * nothing, and has no attachments. Its `input.term` is missing.
   */
  readonly newRev?: Rev | undefined
  /** Uploads of the attachments marked `follows`, in the order of `_attachments`. */
  readonly received?: readonly ReceivedAttachment[]
  /** Attachments that come besides the document: in front of its own, and in place of those of their names. */
  readonly added?: readonly ReceivedAttachment[]
}

export interface DocumentWriteOptions {
  /** `new_edits=false`: revisions are taken as they are. */
  readonly replicated: boolean
  readonly user: UserContext
}
