import type { DatabaseKeys } from '../storage/keys.ts'
import type { Store } from '../storage/store.ts'
import type { DatabaseState } from './state.ts'
import type { ResultOf, WriteRequest } from './write-request.ts'

/** The part of a database that its maintenance needs: compaction and purges. */
export interface WritableDatabase {
  readonly store: Store
  readonly keys: DatabaseKeys
  readonly state: Readonly<DatabaseState>
  write<Request extends WriteRequest>(request: Request): Promise<ResultOf<Request>>
  /** Lets go of attachments' content that nothing refers to any more. */
  releaseAttachments(): Promise<unknown>
}
