/** What is done about a store that lacks what was acknowledged: not opened, or opened with a report. */
export type OnDamage = 'refuse' | 'report'

/** What was found about the run before, and the logs that it left. */
export interface Recovery {
  /** Whether the run before did not close the store. */
  readonly wasCut: boolean
  /** The numbers of the databases that the logs tell of. */
  readonly databases: ReadonlySet<number>
  /** What is missing, as a sentence; undefined where all is well. */
  readonly damage: string | undefined
  /** Notes that the databases were looked at: until then each further start has to. */
  checked(): Promise<void>
}
