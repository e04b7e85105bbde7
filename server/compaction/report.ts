import type { Logger } from 'pino'
import type { Database } from '../database/database.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Queries } from '../query/queries.ts'

interface Result {
  readonly durationMs: number
  readonly error: unknown
}

/** Logs and counts the compactions of databases and indexes. @returns to be called with each database that is opened */
export function reportCompactions(
  queries: Queries,
  metrics: Metrics,
  log: Logger,
): (database: Database) => void {
  const report = (kind: 'databases' | 'views', what: object, { durationMs, error }: Result): void => {
    if (error !== undefined) return metrics.count('couchette/compaction/failures')
    metrics.count(`couchette/compaction/${kind}`)
    log.info({ ...what, durationMs: Math.round(durationMs) }, 'compaction ended')
  }
  queries.onCompaction = (database, index, result) =>
    report('views', { database: database.name, signature: index.definition.signature }, result)
  return database => {
    database.compaction.onEnd = result => report('databases', { database: database.name }, result)
  }
}
