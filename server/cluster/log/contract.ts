/** An entry as the log keeps it: opaque bytes under a position. Positions begin at 1 and have no holes. */
export interface LogEntry {
  readonly position: number
  readonly bytes: Uint8Array
}

/**
 * Outcome of an append. `unknown` is a lost answer: the entry may be in the log, may be on its way, or may never come;
 * `appendSettled` finds out.
 */
export type Appended =
  | { readonly kind: 'appended'; readonly position: number }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown'; readonly cause: Error }

/**
 * A replicated log: all that a cluster asks of the engine below it. Append is a compare-and-set on the last position, so
 * that a node that lost leadership cannot write, whatever it believes.
 */
export interface ReplicatedLog {
  /**
   * Appends an entry behind the one at `expected`, 0 for the first. `appended` means that the engine has acknowledged the
   * entry as durable. Never throws: what fails is `unknown`.
   */
  append(expected: number, bytes: Uint8Array): Promise<Appended>
  /**
   * Reads entries from a position on, in order, as many as the adapter likes and none at the end. An entry that is read
   * is in the log, but durable only up to {@link acknowledged} or when another append was acknowledged behind it.
   *
   * @throws {LogTrimmedError} where the position was trimmed
   * @throws {LogSetBackError} where the log ends before the entry that should be in front of the position
   * @throws where the log cannot be reached
   */
  read(from: number): Promise<LogEntry[]>
  /** Reads the first entry that is there: number 1, or the one up to which the log was trimmed. Undefined for an empty log. */
  first(): Promise<LogEntry | undefined>
  /** The highest position whose append was acknowledged, as far as this client was told. */
  readonly acknowledged: number
  /** Largest entry that the engine takes, in bytes; what is known once the log was read. */
  readonly maxEntryBytes: number
  /** Resolves when there may be more to read or more acknowledged, when the signal is aborted, or after some time. */
  changed(signal: AbortSignal): Promise<void>
  /** Removes entries below a position; the last entry stays whatever is asked. */
  trim(below: number): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}

/** The entries that were asked for are no longer in the log. */
export class LogTrimmedError extends Error {
  override readonly name = 'LogTrimmedError'
}

/** The log is shorter than it was: it was emptied, made again, or restored from an older copy. */
export class LogSetBackError extends Error {
  override readonly name = 'LogSetBackError'

  /** @param last last position of the log, 0 for an empty one */
  constructor(last: number, wanted: number) {
    super(
      `the log ends at position ${last}, and this node has applied ${wanted}: it was emptied, or restored from an older copy`,
    )
  }
}

/** The log cannot be used as it is set up: the sentence says what to change. */
export class LogRefusedError extends Error {
  override readonly name = 'LogRefusedError'
}

/** A log in an engine that is reached by a URL. */
export interface EngineLog extends ReplicatedLog {
  /** Makes the log, empty. Only the command that creates a cluster calls this. @returns false where it is there already */
  create(): Promise<boolean>
}
