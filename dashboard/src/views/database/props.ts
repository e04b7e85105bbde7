import type { Place } from '../../lib/location.ts'

/** Properties of every view of a database. */
export interface DatabaseViewProps {
  readonly database: string
  readonly place: Place
  /** True if the user may write design documents and permissions. */
  readonly mayAdminister: boolean
}
