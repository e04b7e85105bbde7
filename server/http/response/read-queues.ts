import { FairWorkQueue } from '../../concurrency/fair-work-queue.ts'
import type { Config } from '../../config/config.ts'

/** Turns of lists and feeds. */
export interface ReadQueues {
  readonly reads: FairWorkQueue
  /** Those with filters, which may take long: others do not wait for them, and one database has half of them at most. */
  readonly filters: FairWorkQueue
}

/** Creates the turns of lists and feeds, with limits that follow the configuration. */
export function createReadQueues(config: Config): ReadQueues {
  const limits = (): { running: number; waiting: number } => ({
    running: config.integer('couchette', 'max_running_reads'),
    waiting: config.integer('couchette', 'max_waiting_reads'),
  })
  return {
    reads: new FairWorkQueue(limits),
    filters: new FairWorkQueue(() => ({ ...limits(), runningPerOwner: Math.ceil(limits().running / 2) })),
  }
}
