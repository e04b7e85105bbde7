import type { Store } from '../contract.ts'

/** Contents of the LevelDB logs that say whether acknowledged writes are there. */
export interface LogState {
  /** A phrase that says where records are damaged that others follow; undefined where all is well. */
  readonly damage: string | undefined
  /** The last mark in the logs; undefined where they hold none. */
  readonly mark: number | undefined
}

/** The store below a `DurableStore`, and what is asked of the disk under it. */
export interface Disk {
  /** Name of the data in messages: its directory. */
  readonly place: string
  /** Opens the store; what was opened before is closed. */
  open(): Promise<Store>
  /** Reads the logs without opening the store. */
  inspect(): Promise<LogState>
  /** @throws where the disk has no room for opening the store, or refuses writes */
  probe(): Promise<void>
  /**
   * Copies the store into a new directory while it is open. Nothing may be written meanwhile.
   *
   * @param mark up to which everything was acknowledged
   */
  copyTo(directory: string, mark: number): Promise<void>
  /** Keeps copies of the logs. @returns where they are, and what removes them */
  keepEvidence(): Promise<Evidence>
  /** Notes, without a sync, that everything up to a mark was acknowledged. Must not fail. */
  acknowledge(mark: number): void
  /**
   * Ends the run. Must not fail.
   *
   * @param mark the last one, where the store was closed in order
   */
  endRun(mark?: number): Promise<void>
}

export interface Evidence {
  readonly path: string
  remove(): Promise<void>
}

/** Log for conditions that an operator has to know. */
export interface StoreLog {
  warn(message: string): void
  error(message: string): void
}
