import { FairWorkQueue } from '../concurrency/fair-work-queue.ts'
import { WorkQueue, type WorkLimits } from '../concurrency/work-queue.ts'
import { createReadQueues, type ReadQueues } from '../http/response/read-queues.ts'
import type { Config } from '../config/config.ts'

/** The bounded queues of a server, by the work that waits in them. */
export type WorkQueues = Readonly<Record<WorkKind, WorkQueue>> &
  ReadQueues & { readonly comparisons: FairWorkQueue }

type WorkKind = 'queries' | 'scans' | 'compactions'

/** Creates the queues with limits that follow the configuration. */
export function createWorkQueues(config: Config): WorkQueues {
  const limits = (kind: WorkKind | 'comparisons'): WorkLimits => ({
    running: config.integer('couchette', `max_running_${kind}`),
    waiting: config.integer('couchette', `max_waiting_${kind}`),
  })
  const queue = (kind: WorkKind): WorkQueue => new WorkQueue(() => limits(kind))
  return {
    ...createReadQueues(config),
    queries: queue('queries'),
    scans: queue('scans'),
    comparisons: new FairWorkQueue(() => ({
      ...limits('comparisons'),
      runningPerOwner: config.integer('couchette', 'max_running_comparisons_per_user'),
    })),
    compactions: queue('compactions'),
  }
}
