import type { DatabaseKeys } from '../../storage/keys.ts'
import type { GroupSync } from '../../storage/group-sync.ts'
import type { Store } from '../../storage/store.ts'
import type { PartitionSizes } from './partition-sizes.ts'

/** Store, keys and constants that all commits of a database share. */
export interface CommitContext {
  readonly store: Store
  readonly sync: GroupSync
  readonly keys: DatabaseKeys
  readonly database: number
  /** The opaque part of the database's sequences. */
  readonly suffix: string
  /** Returns the records that make the database refer to an attachment's content (`20 01` in docs/architecture.md). */
  readonly referenceTo: (content: string) => Iterable<[key: Uint8Array, value: Uint8Array]>
  /** Returns whether commits leave a record for ranks that are counted later. */
  readonly hasRankJournal: () => boolean
  /** Of a partitioned database. */
  readonly partitions: PartitionSizes | undefined
}
