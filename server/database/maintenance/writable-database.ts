import type { DatabaseState } from '../state.ts'
import type { ResultOf, WriteRequest } from '../commit/write-request.ts'
import type { DatabaseStorage, STORAGE } from '../storage-of.ts'

/** The part of a database that its maintenance needs: compaction and purges. */
export interface WritableDatabase {
  readonly [STORAGE]: DatabaseStorage
  readonly state: Readonly<DatabaseState>
  write<Request extends WriteRequest>(request: Request): Promise<ResultOf<Request>>
  /** Lets go of attachments' content that nothing refers to any more. */
  releaseAttachments(): Promise<unknown>
}
