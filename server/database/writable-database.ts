import type { DatabaseKeys } from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'
import type { DatabaseState } from './state.ts'
import type { WriteRequest } from './writer.ts'

/** Of a database, what its upkeep needs: compaction and purges are parts of it, and know no more. */
export interface WritableDatabase {
  readonly store: Store
  readonly keys: DatabaseKeys
  readonly state: Readonly<DatabaseState>
  write<Result>(request: WriteRequest<Result>): Promise<Result>
  /** Lets go of attachments' content that nothing refers to any more. */
  releaseAttachments(): Promise<unknown>
}
