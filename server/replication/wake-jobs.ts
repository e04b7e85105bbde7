import type { Scheduler } from '../../replicator/scheduler.ts'
import type { Catalog } from '../database/catalog.ts'

/**
 * Has jobs run when there is a reason to: those that wait for their turn to read a database that was changed, and those that crashed when the
 * store takes writes again. A disk that was full for a day would leave them waiting for hours after it.
 *
 * @returns a function that ends it
 */
export function wakeJobs(catalog: Catalog, scheduler: Scheduler): () => void {
  const unlisten = catalog.listen((event, name) => {
    if (event === 'updated') scheduler.sourceChanged(name)
  })
  const unlistenReopened = catalog.health?.onReopened(() => scheduler.retryCrashed())
  return () => {
    unlisten()
    unlistenReopened?.()
  }
}
