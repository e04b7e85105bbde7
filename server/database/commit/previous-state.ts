import type { DocumentInCommit } from './uncommitted.ts'

/** A document as it was on disk before a commit. */
export interface PreviousState {
  /** 0 where there was none. */
  readonly seq: number
  readonly isLive: boolean
  readonly conflictSince: number
}

/** One for all new documents. */
const NO_DOCUMENT: PreviousState = { seq: 0, isLive: false, conflictSince: 0 }

/** Returns the state of a document before it is changed; undefined where the document is new. */
export function previousStateOf(document: DocumentInCommit | undefined): PreviousState {
  if (document === undefined) return NO_DOCUMENT
  const { seq, deleted, conflictSince } = document
  return { seq, isLive: !deleted, conflictSince }
}
