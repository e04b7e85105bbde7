import type { Target } from './target.ts'

/** A ceiling that `ceilings.ts` measures on the same machine in the same run, or another work's rate. */
export type CeilingName = 'level batches' | 'node:http' | 'level iterator' | 'bulk-insert' | FileCeiling

export type FileCeiling = `files ${'1m' | '64m'} ${'up' | 'down'}`

/** One thing that is measured. */
export interface Work {
  readonly name: string
  readonly unit: 'docs/s' | 'requests/s' | 'rows/s' | 'MB/s'
  readonly ceiling: CeilingName
  /** The share of the ceiling that the work should reach. */
  readonly wanted: number
  /** True of work that runs for a fixed time and does as much as the server can. */
  readonly isTimed?: boolean
  /** Does the work once, checks what the server answered, and gives the rate. */
  measure(target: Target): Promise<number>
}
