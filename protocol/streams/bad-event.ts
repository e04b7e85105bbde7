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

  constructor(error: BadEventKind, reason: string) {
    super(`${error}: ${reason}`)
    this.name = 'BadEvent'
    this.error = error
    this.reason = reason
  }
}
