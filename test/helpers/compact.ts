import type { Database } from '../../server/database/database.ts'
import { WorkQueue } from '../../server/concurrency/work-queue.ts'

/** Compacts a database; returns when that is done. */
export async function compact(database: Database): Promise<void> {
  const onFailure = (error: unknown): never => {
    throw error
  }
  database.compaction.start(onFailure, new WorkQueue(() => ({ running: 1, waiting: 1 })))
  while (database.compaction.running) await new Promise(resolve => setImmediate(resolve))
}
