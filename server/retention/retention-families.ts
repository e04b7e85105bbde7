import type { DatabaseName } from '../../protocol/database-name.ts'
import type { MetricFamily, MetricSample } from '../metrics/family.ts'
import type { DatabaseRetention } from './database-retention.ts'

/** Returns the metrics of databases with rules of retention. */
export function retentionFamilies(databases: ReadonlyMap<DatabaseName, DatabaseRetention>): MetricFamily[] {
  const each = (valueOf: (retention: DatabaseRetention) => number): MetricSample[] =>
    [...databases].map(([db, retention]) => ({ value: valueOf(retention), labels: { db } }))
  return [
    {
      name: 'couchette_retention_purged_total',
      type: 'counter',
      help: 'documents whose tombstones were purged because of their age',
      samples: each(({ purged }) => purged),
    },
    {
      name: 'couchette_retention_expired_total',
      type: 'counter',
      help: 'documents that were deleted because their time was over',
      samples: each(({ expired }) => expired),
    },
    {
      name: 'couchette_retention_refused',
      type: 'gauge',
      help: 'documents whose time is over and whose deletion the database refuses',
      samples: each(({ refused }) => refused),
    },
    {
      name: 'couchette_retention_held_back_by_peers',
      type: 'gauge',
      help: 'peers that have not seen tombstones which are old enough to be purged',
      samples: each(({ heldBackBy }) => heldBackBy.length),
    },
    {
      name: 'couchette_retention_failed',
      type: 'gauge',
      help: '1 if the last run of the rules failed',
      samples: each(({ error }) => Number(error !== undefined)),
    },
  ]
}
