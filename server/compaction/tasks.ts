import type { Queries } from '../query/queries.ts'

/** A compaction that runs, as `_active_tasks` shows it. Times in seconds since 1970. */
export interface CompactionTask {
  readonly type: 'database_compaction' | 'view_compaction'
  readonly database: string
  readonly design_document?: string
  readonly phase: string
  readonly changes_done: number
  readonly total_changes: number
  /** Percent. */
  readonly progress: number
  readonly started_on: number
  readonly updated_on: number
}

interface Progress {
  readonly started: number
  readonly updated: number
  readonly done: number
  readonly total: number
}

/** Returns the compactions of databases and indexes that run now. */
export function compactionTasks(queries: Queries): CompactionTask[] {
  const tasks: CompactionTask[] = []
  for (const [database, ofDatabase] of queries.databases()) {
    const { progress } = database.compaction
    const shared = { database: database.name }
    if (progress !== undefined)
      tasks.push({ type: 'database_compaction', ...shared, phase: progress.phase, ...numbers(progress) })
    for (const index of ofDatabase.indexes()) {
      const { progress } = index.compaction
      if (progress === undefined) continue
      const [design = ''] = ofDatabase.designsOf(index)
      tasks.push({
        type: 'view_compaction',
        ...shared,
        design_document: design,
        phase: 'view',
        ...numbers(progress),
      })
    }
  }
  return tasks
}

function numbers({ started, updated, done, total }: Progress) {
  return {
    changes_done: done,
    total_changes: total,
    progress: total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100)),
    started_on: Math.floor(started / 1000),
    updated_on: Math.floor(updated / 1000),
  }
}
