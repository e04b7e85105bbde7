import type { ChangeFilter } from './filter/change-filter.ts'

export type FeedKind = 'normal' | 'longpoll' | 'continuous' | 'eventsource'

/** Query parameters that decide what the rows of a feed hold. */
export interface RowOptions {
  /** `style=all_docs`: every leaf, not the winner alone. */
  readonly allLeaves: boolean
  readonly includeDocs: boolean
  readonly conflicts: boolean
  readonly attachments: boolean
  readonly attEncodingInfo: boolean
  /** Only every so many rows tell their sequence. */
  readonly seqInterval: number | undefined
  readonly filter: ChangeFilter | undefined
}

/** A request for changes, checked. */
export interface FeedRequest {
  readonly kind: FeedKind
  /** The number of the sequence behind which the feed begins. */
  readonly start: number
  readonly descending: boolean
  /** Maximum number of rows. Negative: all rows that are there, and then the feed ends, as CouchDB counts. */
  readonly limit: number
  readonly rows: RowOptions
  /** Something is sent at least so often; undefined for a feed that ends after `timeoutMs`. */
  readonly heartbeatMs: number | undefined
  /** Longest wait for a row, of feeds without a heartbeat. */
  readonly timeoutMs: number
}

/** CouchDB's limit where none is given: `seq_interval` counts down from it. */
export const NO_LIMIT = 1_000_000_000_000_000
