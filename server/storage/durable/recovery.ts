/** Reaction to a store that lacks acknowledged writes: it is not opened (`refuse`), or opened with a report. */
export type OnDamage = 'refuse' | 'report'

/** Findings about the run before and the logs that it left. */
export interface Recovery {
  /** True if the run before did not close the store. */
  readonly wasCut: boolean
  /** The numbers of the databases that the logs tell of. */
  readonly databases: ReadonlySet<number>
  /** A sentence that says what is missing; undefined if nothing is. */
  readonly damage: string | undefined
  /** A sentence that says why nobody can tell whether anything is missing; undefined if one can. */
  readonly doubt: string | undefined
  /** Notes that the databases were looked at: until then each further start has to. */
  checked(): Promise<void>
}
