import type { DocId } from '../../protocol/document-id.ts'
import type { DatabaseState } from './state.ts'

/** A document's row as it goes to live feeds. */
export interface CommittedChange {
  readonly seq: number
  readonly id: DocId
  /** The previous sequence of the document, 0 when it is new. */
  readonly previousSeq: number
  /** Whether the document was there, and not deleted, before. */
  readonly wasLive: boolean
  readonly isLive: boolean
  readonly record: Uint8Array
}

/** A document that was removed, with what was stored of it. */
export interface CommittedRemoval {
  readonly id: DocId
  readonly previousSeq: number
  readonly wasLive: boolean
}

/** What a commit changed, once it is on disk. */
export interface Committed {
  /** In the order of their sequences. */
  readonly changes: readonly CommittedChange[]
  readonly removals: readonly CommittedRemoval[]
  readonly state: DatabaseState
}
