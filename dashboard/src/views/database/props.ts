import type { Place } from '../../lib/location.ts'

/** What every view of a database is given. */
export interface DatabaseViewProps {
  readonly database: string
  readonly place: Place
  /** Whether the user may write design documents and permissions. */
  readonly mayAdminister: boolean
}
