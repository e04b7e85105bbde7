import type { DocId } from '../../../protocol/document-id.ts'
import type { WriteSet } from '../../storage/write-set.ts'
import type { DatabaseState } from '../state.ts'

/** A document that a commit changed, with its row as it goes to live feeds. */
export interface CommittedChange {
  readonly seq: number
  readonly id: DocId
  /** The previous sequence of the document, 0 when it is new. */
  readonly previousSeq: number
  /** True where the document existed, and was not deleted, before. */
  readonly wasLive: boolean
  readonly isLive: boolean
  /** True where more than one leaf is not deleted. */
  readonly isInConflict: boolean
  /** The rendered changes row, see `change-record.ts`. */
  readonly record: Uint8Array
}

/** A document that a purge removed, with everything that was stored of it. */
export interface CommittedRemoval {
  readonly id: DocId
  readonly previousSeq: number
  readonly wasLive: boolean
}

/**
 * One commit of a database, as a value: all that its followers need to know, here, in another thread or on another node.
 * It holds no handles, no functions, no rows of views, and nothing that is numbered by this node alone: records of
 * attachments' content (`20 …`) are made by each node.
 */
export interface CommitRecord {
  /** The number of the database. */
  readonly database: number
  /** Keys and values that the commit puts and deletes. A store that applies all sets in their order equals this one. */
  readonly writes: WriteSet
  readonly state: DatabaseState
  /** In the order of their sequences. Design documents are among them. */
  readonly changes: readonly CommittedChange[]
  readonly removals: readonly CommittedRemoval[]
  /** The new `_security` object, JSON text, where the commit changed it. */
  readonly security: Uint8Array | undefined
  /** Bytes by which partitions of a partitioned database grew or shrank, by their names. */
  readonly partitionGrowth: ReadonlyMap<string, number>
}

/**
 * Follows the commits of one database. Subscribers are named when the database is opened and called in that order, each
 * with every commit.
 */
export interface CommitSubscriber {
  /** Takes in a commit that is on disk, in order, before its requests are answered. Must not throw. */
  apply(commit: CommitRecord): void
  /**
   * Goes on from the store as it is: it was opened again after a write failed, and may hold more, or less, than the commits
   * that were applied.
   */
  reload?(stored: StoredMoment): void | Promise<void>
  /** Called once, when the database is closed and all its commits were applied. */
  close?(): void | Promise<void>
}

/** A database as it was read from a store that was opened again. */
export interface StoredMoment {
  readonly state: DatabaseState
  /** The `_security` object, JSON text; undefined where none was ever set. */
  readonly security: Uint8Array | undefined
  /** True where writes of this database failed: commits may be missing or not. Otherwise its writer has gone on meanwhile. */
  readonly hasFailed: boolean
}
