import type { DatabaseConflicts } from './attention.ts'

const SAMPLE = /^couchdb_conflicts(_oldest_age_seconds)?\{db="([^"]*)"\} (\S+)$/gm

/**
 * Reads which databases have documents in conflict from the text of a node's metrics for Prometheus. Names of databases
 * have no characters that are escaped there.
 */
export function conflictsOfMetrics(metrics: string): DatabaseConflicts[] {
  const found = new Map<string, DatabaseConflicts>()
  for (const [, age, name = '', value] of metrics.matchAll(SAMPLE)) {
    const known = found.get(name) ?? { name, conflicts: 0 }
    const number = Number(value)
    found.set(
      name,
      age === undefined ? { ...known, conflicts: number } : { ...known, oldestMs: number * 1000 },
    )
  }
  return [...found.values()]
}
