import type { DocId } from '../../protocol/document-id.ts'
import type { Rev } from '../../protocol/revision.ts'
import type { RawEvent, SkipReason } from '../../protocol/streams/envelope.ts'

/** An event on its way into a database, with where it came from, for the list of failures. */
export interface IncomingEvent {
  readonly event: RawEvent | { readonly invalid: string }
  /** Topic or subject. */
  readonly topic?: string
  /** Offset or sequence in the topic. */
  readonly offset?: string
}

/** A revision that an event made, or found. */
export interface IngestedChange {
  readonly id: DocId
  readonly rev?: Rev
  /**
   * `stored`: a new revision; `unchanged`: the row has this version already; `duplicate`: the event, or a later one, was here
   * before; `echo`: it acknowledges a version that was sent to the database.
   */
  readonly outcome: 'stored' | 'unchanged' | 'duplicate' | 'echo'
}

/** Result of one event. */
export type IngestResult =
  | { readonly kind: 'done'; readonly changes: readonly IngestedChange[] }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  /** It stands in the list of failed events, under its number. */
  | { readonly kind: 'failed'; readonly failure: string; readonly error: string; readonly reason: string }
