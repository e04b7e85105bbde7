import type { Server } from '../frame/server.ts'
import type { Peers } from '../replication/peers.ts'
import type { RunState } from '../replication/run.ts'

/** Settings of a migration. */
export interface MigrationSettings {
  readonly indexes: boolean
  readonly compare: boolean
  readonly retries: number
}

export interface Migration {
  readonly source: Server
  readonly target: Server
  readonly peers: Peers
  readonly settings: MigrationSettings
  readonly signal: AbortSignal
  /** Called with the step that a database is at, and the state of its copy. */
  readonly show: (name: string, step: string, state?: RunState) => void
}
