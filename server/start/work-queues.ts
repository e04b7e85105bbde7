import { WorkQueue } from '../concurrency/work-queue.ts'
import type { Config } from '../config/config.ts'

/** The bounded queues of a server, by the work that waits in them. */
export type WorkQueues = Readonly<Record<WorkKind, WorkQueue>>

type WorkKind = 'queries' | 'scans' | 'comparisons' | 'compactions'

/** Creates the queues with limits that follow the configuration. */
export function createWorkQueues(config: Config): WorkQueues {
  const queue = (kind: WorkKind): WorkQueue =>
    new WorkQueue(() => ({
      running: config.integer('couchette', `max_running_${kind}`),
      waiting: config.integer('couchette', `max_waiting_${kind}`),
    }))
  return {
    queries: queue('queries'),
    scans: queue('scans'),
    comparisons: queue('comparisons'),
    compactions: queue('compactions'),
  }
}
