import type { DatabaseName } from '../../../protocol/database-name.ts'
import type { DatabaseKeys } from '../../storage/keys.ts'
import type { GroupSync } from '../../storage/group-sync.ts'
import type { Store } from '../../storage/store.ts'
import type { LargeTrees } from '../large-trees.ts'
import type { ReplicatedChange } from '../replication-hook.ts'
import type { CommitDigests } from '../ranks/commit-digests.ts'
import type { PartitionSizes } from './partition-sizes.ts'

/** Ranks that commits leave a record for. */
export interface JournaledRanks {
  /** True where commits leave one. */
  readonly hasJournal: boolean
  /** True where commits tell what they change in digests: from the first comparison of the database on. */
  readonly keepsDigests: boolean
  /** Takes what a commit that is about to be written changes in digests, which is no part of its record. */
  expect(seq: number, digests: CommitDigests): void
}

/** Store, keys and constants that all commits of a database share. */
export interface CommitContext {
  readonly store: Store
  readonly sync: GroupSync<ReplicatedChange>
  readonly keys: DatabaseKeys
  readonly database: number
  readonly name: DatabaseName
  /** The opaque part of the database's sequences. */
  readonly suffix: string
  /** Returns the records that make the database refer to an attachment's content (`20 01` in docs/architecture.md). */
  readonly referenceTo: (content: string) => Iterable<[key: Uint8Array, value: Uint8Array]>
  /** Ranks that are counted behind commits; undefined where another thread counts them. */
  readonly ranks: JournaledRanks | undefined
  /** Takes notice of large revision trees. */
  readonly trees: LargeTrees | undefined
  /** Of a partitioned database. */
  readonly partitions: PartitionSizes | undefined
}
