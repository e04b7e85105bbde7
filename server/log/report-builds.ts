import type { Logger } from 'pino'
import type { Metrics } from '../metrics/metrics.ts'
import type { Queries } from '../query/queries.ts'

/** Updates of an index that take longer are logged at "info", as first builds are. */
const LONG_MS = 1000

/** Logs and counts builds of indexes. Updates that follow each commit are logged at "debug" unless they take long. */
export function reportBuilds(queries: Queries, metrics: Metrics, log: Logger): void {
  queries.onBuild = ({ database, designs, signature }, { durationMs, changes, isFresh, error }) => {
    const what = { database, designs, signature, changes, durationMs: Math.round(durationMs) }
    if (error !== undefined) {
      metrics.count('couchette/index_builds/failures')
      return log.warn({ ...what, err: error }, 'index build failed')
    }
    metrics.count('couchette/index_builds/completed')
    const message = isFresh ? 'index built' : 'index updated'
    if (isFresh || durationMs > LONG_MS) log.info(what, message)
    else log.debug(what, message)
  }
}
