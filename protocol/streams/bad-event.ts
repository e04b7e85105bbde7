/** Kinds of events that cannot become documents; the word is shown in lists of failures. */
export type BadEventKind =
  | 'invalid_json'
  | 'not_an_event'
  | 'unknown_operation'
  | 'schema_mismatch'
  | 'missing_key'
  | 'unknown_value'
  | 'truncate_refused'
  | 'unknown_row'

/** The failure of an event that cannot become a document. It never gets better by trying again. */
export class BadEvent extends Error {
  readonly error: BadEventKind
  readonly reason: string

  /** It has no stack: a topic of bad events has one for each, and a stack costs more than the event. */
  constructor(error: BadEventKind, reason: string) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(`${error}: ${reason}`)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'BadEvent'
    this.error = error
    this.reason = reason
  }
}
