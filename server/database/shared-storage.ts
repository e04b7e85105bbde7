import type { Attachments } from '../attachments/attachments.ts'
import type { ReplicatedChange } from './replication-hook.ts'
import type { GroupSync } from '../storage/group-sync.ts'
import type { Store } from '../storage/store.ts'

/** Storage that all databases of a server share. */
export interface SharedStorage {
  readonly store: Store
  readonly sync: GroupSync<ReplicatedChange>
  readonly attachments: Attachments
}
