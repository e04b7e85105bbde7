import type { Catalog } from '../database/catalog.ts'
import type { MetricFamily, MetricSample } from '../metrics/family.ts'

/** Reads the metrics of databases with documents in conflict. A database without conflicts has no sample. */
export async function conflictFamilies(catalog: Catalog): Promise<MetricFamily[]> {
  const now = Date.now()
  const counts: MetricSample[] = []
  const ages: MetricSample[] = []
  for await (const { name: db, conflicts, oldest } of catalog.conflictCounts()) {
    counts.push({ value: conflicts, labels: { db } })
    ages.push({ value: Math.max(0, now - oldest) / 1000, labels: { db } })
  }
  return [
    {
      name: 'couchdb_conflicts',
      type: 'gauge',
      help: 'documents with more than one leaf that is not deleted',
      samples: counts,
    },
    {
      name: 'couchdb_conflicts_oldest_age_seconds',
      type: 'gauge',
      help: 'seconds since the oldest conflict came about',
      samples: ages,
    },
  ]
}
