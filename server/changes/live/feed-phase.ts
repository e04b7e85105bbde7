import type { Connection } from './connection.ts'
import type { Broadcast } from './broadcast.ts'

/**
 * Phases of a live feed:
 * - `new`: nothing was sent yet
 * - `backfill`: reads the index, at the pace of its reader
 * - `cutover`: has read what was there; joins the others at the end as soon as its reader has taken that, or reads on
 * - `live`: is handed the rows of each commit
 * - `ended`: holds nothing any more
 */
export type FeedPhase =
  | { readonly name: 'new' }
  | { readonly name: 'backfill'; readonly connection: Connection }
  | { readonly name: 'cutover'; readonly connection: Connection }
  | { readonly name: 'live'; readonly connection: Connection; readonly broadcast: Broadcast }
  | { readonly name: 'ended' }

type PhaseName = FeedPhase['name']

const FOLLOWING: Readonly<Record<PhaseName, readonly PhaseName[]>> = {
  new: ['backfill'],
  backfill: ['cutover', 'ended'],
  cutover: ['backfill', 'live', 'ended'],
  live: ['cutover', 'ended'],
  ended: [],
}

/** Returns whether a phase may follow another. */
export function mayFollow(next: PhaseName, phase: PhaseName): boolean {
  return FOLLOWING[phase].includes(next)
}
