import type { CommitSubscriber } from './commit/commit-record.ts'
import type { DocumentValidator } from './documents/edit.ts'

/** Parts that other folders add to a database when it is opened. */
export interface DatabaseExtension {
  /** Follow its commits, in this order. */
  readonly subscribers: readonly CommitSubscriber[]
  /** Judge its documents before they are written, after the database's rules. */
  readonly validators: readonly DocumentValidator[]
}
