/** A command for a process with readers. */
export interface ReaderOrder {
  readonly host: string
  readonly port: number
  readonly authorization: string | undefined
  /** One feed each. */
  readonly paths: readonly string[]
  /** How many rows each feed should get. */
  readonly rowsEach: number
  /** How many all should get. */
  readonly rows: number
}

/** All feeds have answered. */
export interface Opened {
  readonly opened: number
}

/** Rows that the feeds got, with times from when a document was sent to when its row came. */
export interface ReaderReport {
  readonly rows: number
  /** When the first of the documents was sent. */
  readonly firstMs: number
  /** When the last row came. */
  readonly lastMs: number
  readonly p50: number
  readonly p99: number
  /** Feeds that missed a row. */
  readonly incomplete: number
}
