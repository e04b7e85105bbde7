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
  /** Whether its stored tree lies under a key of its own. */
  treeStoredSeparately: boolean
}

/** What the next commit must know of the one that is still syncing. */
export interface Uncommitted {
  /** Undefined for a document that was removed. */
  readonly documents: ReadonlyMap<DocId, DocumentInCommit | undefined>
  /** The attachments of stored bodies that have some, by the body's number. */
  readonly attachments: ReadonlyMap<number, readonly StoredAttachment[]>
  /** The same map as in the commit's record. */
  readonly partitionGrowth: ReadonlyMap<string, number>
}

export const NOTHING_UNCOMMITTED: Uncommitted = {
  documents: new Map(),
  attachments: new Map(),
  partitionGrowth: new Map(),
}
