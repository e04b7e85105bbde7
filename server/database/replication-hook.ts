import type { DatabaseName } from '../../protocol/database-name.ts'
import type { WriteSet } from '../storage/write-set.ts'
import type { CommitRecord } from './commit/commit-record.ts'
import type { DatabaseRecord } from './database-record.ts'

/** A change of the store as a value that other nodes apply. */
export type ReplicatedChange =
  | {
      readonly kind: 'commit'
      readonly name: DatabaseName
      readonly record: CommitRecord
      /** Records of this node that go with it: of attachments' content, and the journal of ranks. */
      readonly content: WriteSet
    }
  | {
      readonly kind: 'create'
      readonly name: DatabaseName
      readonly record: DatabaseRecord
      /** The `_security` that it begins with, JSON text. */
      readonly security: string | undefined
    }
  | { readonly kind: 'drop'; readonly name: DatabaseName; readonly number: number }
