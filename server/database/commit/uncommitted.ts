import type { DocId } from '../../../protocol/document-id.ts'
import type { RevTree } from '../../../protocol/revtree/tree.ts'
import type { StoredAttachment } from '../documents/body-record.ts'

/** A document as a commit sees it: its tree with the edits merged so far. */
export interface DocumentInCommit {
  readonly id: DocId
  tree: RevTree
  /** 0 while the document is new. */
  seq: number
  deleted: boolean
  size: number
  /** Milliseconds since 1970 when the document came into conflict; 0 if it is not in conflict. */
  conflictSince: number
  /** True if its stored tree lies under a key of its own. */
  treeStoredSeparately: boolean
}

/** Effects of a commit that is still syncing, which the next one computes on top of. */
export interface Uncommitted {
  /** Undefined for a document that was removed. */
  readonly documents: ReadonlyMap<DocId, DocumentInCommit | undefined>
  /** The attachments of stored bodies that have some, by the body's number. */
  readonly attachments: ReadonlyMap<number, readonly StoredAttachment[]>
  /** Bytes by which each partition grew; the same map as in the commit's record. */
  readonly partitionGrowth: ReadonlyMap<string, number>
}

export const NOTHING_UNCOMMITTED: Uncommitted = {
  documents: new Map(),
  attachments: new Map(),
  partitionGrowth: new Map(),
}
